import colors from "picocolors";

/**
 * What a person is told when the service has started: where it is, and how to get in.
 *
 * @param adminSecret the administrator's secret, where this start has made one; it is never shown again
 * @param kept what became of that secret on this machine
 */
export function welcome(url: string, adminSecret: string | null, kept: string | null = null): string {
  const lines = [
    `${colors.bold("Railyard")} is at ${colors.cyan(url)}`,
    "",
    `  GraphQL      ${colors.cyan(`${url}/graphql`)}`,
    `  Explorer     ${colors.cyan(`${url}/graphql`)} in a browser`,
    ...(adminSecret === null ? [] : [`  Admin token  ${colors.bold(adminSecret)} shown this once: keep it`]),
    ...(kept === null ? [] : [`               ${kept}`]),
  ];
  return `\n${lines.join("\n")}\n\n`;
}
