import { BOARD } from "./board.js";
import { handleCalls } from "./child-process.js";
import { Connection, request } from "./client.js";

/* Whoever asks for boards: a process of its own, so that what is measured does not wait for it. */

handleCalls({
  /** Asks for boards over so many connections for so long; how many were answered a second. */
  run: async (port: number, pipelines: readonly string[], connections: number, milliseconds: number) => {
    const requests = pipelines.map((pipeline) => request(BOARD, { pipeline }));
    const end = performance.now() + milliseconds;
    let answered = 0;
    const start = performance.now();
    await Promise.all(
      Array.from({ length: connections }, async (_, offset) => {
        const connection = new Connection(port);
        for (let turn = offset; performance.now() < end; turn++) {
          await connection.send(requests[turn % requests.length] as Buffer);
          answered += 1;
        }
        connection.close();
      }),
    );
    return (answered / (performance.now() - start)) * 1000;
  },
});
