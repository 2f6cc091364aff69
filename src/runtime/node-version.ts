/** The versions of Node that Railyard runs on, as `engines` in package.json says. */
export const SUPPORTED_NODE = "^20.19 || ^22.13 || >=24.11";

/** @param version as `process.versions.node` gives it, for example `22.13.1` */
export function isSupportedNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 20) return minor >= 19;
  if (major === 22) return minor >= 13;
  if (major === 24) return minor >= 11;
  return major > 24;
}
