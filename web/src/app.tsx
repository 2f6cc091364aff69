import { lazy, Suspense } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { BoardPage } from "./pages/board/board-page";
import { SessionProvider } from "./session/session";
import { basePath } from "./settings";
import { Shell } from "./shell/shell";
import { ToastProvider } from "./ui/dialogs/toasts";
import { NotFound } from "./ui/message";

const OverviewPage = lazy(() => import("./pages/overview/overview-page"));
const TimelinePage = lazy(() => import("./pages/timeline/timeline-page"));
const GraphPage = lazy(() => import("./pages/graph/graph-page"));
const RulesPage = lazy(() => import("./pages/rules/rules-page"));
const PromotionPage = lazy(() => import("./pages/promotion/promotion-page"));
const AppPage = lazy(() => import("./pages/app/app-page"));
const ApprovalsPage = lazy(() => import("./pages/approvals/approvals-page"));
const FreezesPage = lazy(() => import("./pages/freezes/freezes-page"));
const TokensPage = lazy(() => import("./pages/access/tokens-page"));
const AuditPage = lazy(() => import("./pages/access/audit-page"));

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
