import { isSupportedNode, SUPPORTED_NODE } from "./node-version.js";

// Must be imported first: on unsupported versions a dependency would fail with a stack trace or a crash.
if (!isSupportedNode(process.versions.node)) {
  process.stderr.write(`Railyard needs Node.js ${SUPPORTED_NODE}. This is Node.js ${process.versions.node}.\n`);
  process.exit(1);
}
