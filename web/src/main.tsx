import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./ui/base.css";

/** The file of a part that is loaded later can be gone after an upgrade: load the new page, once. */
window.addEventListener("vite:preloadError", (event) => {
  const key = "railyard-reloaded";
  if (sessionStorage.getItem(key) === location.href) return;
  sessionStorage.setItem(key, location.href);
  event.preventDefault();
  location.reload();
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no root.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
