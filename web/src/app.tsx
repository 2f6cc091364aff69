import { lazy, Suspense } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { BoardPage } from "./board/board-page";
import { SessionProvider } from "./session/session";
import { basePath } from "./settings";
import { Shell } from "./shell/shell";
import { NotFound } from "./ui/message";
import { ToastProvider } from "./ui/toasts";

const OverviewPage = lazy(() => import("./overview/overview-page"));
const TimelinePage = lazy(() => import("./timeline/timeline-page"));
const GraphPage = lazy(() => import("./graph/graph-page"));
const RulesPage = lazy(() => import("./rules/rules-page"));
const PromotionPage = lazy(() => import("./promotion/promotion-page"));
const AppPage = lazy(() => import("./app/app-page"));
const ApprovalsPage = lazy(() => import("./approvals/approvals-page"));
const FreezesPage = lazy(() => import("./freezes/freezes-page"));
const TokensPage = lazy(() => import("./access/tokens-page"));
const AuditPage = lazy(() => import("./access/audit-page"));

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
                <Route path="/pipelines/:pipeline/timeline" element={<TimelinePage />} />
                <Route path="/pipelines/:pipeline/graph" element={<GraphPage />} />
                <Route path="/pipelines/:pipeline/rules" element={<RulesPage />} />
                <Route path="/promotions/:promotion" element={<PromotionPage />} />
                <Route path="/apps/:app" element={<AppPage />} />
                <Route path="/approvals" element={<ApprovalsPage />} />
                <Route path="/freezes" element={<FreezesPage />} />
                <Route path="/tokens" element={<TokensPage />} />
                <Route path="/audit" element={<AuditPage />} />
                <Route path="*" element={<NotFound what="page" />} />
              </Routes>
            </Suspense>
          </Shell>
        </ToastProvider>
      </SessionProvider>
    </BrowserRouter>
  );
}
