import { spawn } from "node:child_process";

const DEFAULT_BROWSERS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ["open"],
  // The empty argument is the window title, which `start` would otherwise take from a quoted URL.
  win32: ["cmd", "/c", "start", ""],
};

/**
 * Opens a URL in the command of `BROWSER`, or in the default browser of the platform.
 *
 * @returns whether the browser was started
 */
export function openBrowser(url: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const [command = "", ...args] = environment.BROWSER
    ? [environment.BROWSER]
    : (DEFAULT_BROWSERS[process.platform] ?? ["xdg-open"]);
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url], { detached: true, stdio: "ignore" });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
