import colors from "picocolors";

/**
 * The message after startup: the URLs of the service and how to sign in.
 *
 * @param adminSecret the administrator's token if this start created it; shown only once
 * @param loginNote a line about the login of the `railyard` command
 */
export function welcome(url: string, adminSecret: string | null, loginNote: string | null = null): string {
  const lines = [
    `${colors.bold("Railyard")} is at ${colors.cyan(url)}`,
    "",
    `  Page         ${colors.cyan(`${url}/`)}`,
    `  GraphQL      ${colors.cyan(`${url}/graphql`)}`,
    `  Explorer     ${colors.cyan(`${url}/graphql`)} in a browser`,
    ...(adminSecret === null ? [] : [`  Admin token  ${colors.bold(adminSecret)} shown only once; store it safely`]),
    ...(loginNote === null ? [] : [`               ${loginNote}`]),
  ];
  return `\n${lines.join("\n")}\n\n`;
}
