import { writeFileSync } from "node:fs";
import { printedSchema } from "../src/schema/build.js";

writeFileSync("src/schema/schema.graphql", printedSchema());
