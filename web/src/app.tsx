import { lazy, Suspense } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { BoardPage } from "./board/board-page";
import { SessionProvider } from "./session/session";
import { basePath } from "./settings";
import { Shell } from "./shell/shell";
import { NotFound } from "./ui/message";
import { ToastProvider } from "./ui/toasts";

const OverviewPage = lazy(() => import("./overview/overview-page"));

/** The page: every URL of it can be sent to another person. */
export function App() {
  return (
    <BrowserRouter basename={basePath}>
      <SessionProvider>
        <ToastProvider>
          <Shell>
            <Suspense fallback={null}>
              <Routes>
                <Route path="/" element={<OverviewPage />} />
                <Route path="/pipelines/:pipeline" element={<BoardPage />} />
                <Route path="*" element={<NotFound what="page" />} />
              </Routes>
            </Suspense>
          </Shell>
        </ToastProvider>
      </SessionProvider>
    </BrowserRouter>
  );
}
