/*
 * Prints every event, and misses none: it continues after the last one when the connection was lost, when the service was
 * restarted, and, with the cursor that it printed last, when it was restarted itself.
 *
 *   RAILYARD_TOKEN=… node examples/watch.mjs http://127.0.0.1:4000/graphql [CURSOR]
 */
import { connect } from "./clients/resume.mjs";

const [url = "http://127.0.0.1:4000/graphql", after] = process.argv.slice(2);
const query = `subscription Watch($after: EventCursor) {
  events(after: $after) { cursor type occurredAt actor { name } pipeline { name } ... on ChangeEvent { summary } }
}`;

connect(url, process.env.RAILYARD_TOKEN).subscribe(
  { query, variables: { after } },
  {
    next: ({ data, errors }) => console.log(JSON.stringify(errors ?? data.events)),
    error: (error) => {
      console.error(error);
      process.exitCode = 1;
    },
    complete: () => {},
  },
);
