/** Supported Node.js versions, the same as `engines` in package.json. */
export const SUPPORTED_NODE = "^20.19 || ^22.13 || >=24.11";

/** @param version `process.versions.node`, for example `22.13.1` */
export function isSupportedNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 20) return minor >= 19;
  if (major === 22) return minor >= 13;
  if (major === 24) return minor >= 11;
  return major > 24;
}
