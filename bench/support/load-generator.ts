import { BOARD } from "./board.js";
import { handleCalls } from "./child-process.js";
import { Connection, request } from "./client.js";

/* Sends board queries from a separate process, so that the benchmark's process does not limit the throughput. */

handleCalls({
  /** Sends board queries over concurrent connections. Returns the responses per second. */
  run: async (port: number, pipelines: readonly string[], connections: number, milliseconds: number) => {
    const requests = pipelines.map((pipeline) => request(BOARD, { pipeline }));
    const end = performance.now() + milliseconds;
    let responses = 0;
    const start = performance.now();
    await Promise.all(
      Array.from({ length: connections }, async (_, offset) => {
        const connection = new Connection(port);
        for (let iteration = offset; performance.now() < end; iteration++) {
          await connection.send(requests[iteration % requests.length] as Buffer);
          responses += 1;
        }
        connection.close();
      }),
    );
    return (responses / (performance.now() - start)) * 1000;
  },
});
