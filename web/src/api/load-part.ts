const RETRY_MS = 2_000;
const RELOADED_KEY = "railyard-reloaded";

/**
 * Loads a part of the page at its first use. Its file cannot be loaded while the service is out of reach, or after an upgrade
 * replaced it: the page then waits for the service, and loads itself again. A second import would not do: Vite skips styles that
 * it has tried before.
 *
 * @throws what `load` throws, if that did not help before in this version of the page at this URL
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const attempt = `${import.meta.url} ${location.href}`;
    while (!(await isReachable())) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    if (sessionStorage.getItem(RELOADED_KEY) === attempt) throw error;
    sessionStorage.setItem(RELOADED_KEY, attempt);
    location.reload();
    return new Promise(() => undefined);
  }
}

/** Whether the service answers with the page. */
async function isReachable(): Promise<boolean> {
  try {
    return (await fetch(document.baseURI, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
