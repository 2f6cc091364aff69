import { lazy, Suspense } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { loadPart } from "./api/load-part";
import { BoardPage } from "./pages/board/board-page";
import { SessionProvider } from "./session/session";
import { basePath } from "./settings";
import { Shell } from "./shell/shell";
import { ToastProvider } from "./ui/dialogs/toasts";
import { NotFound } from "./ui/message";

const OverviewPage = lazy(() => loadPart(() => import("./pages/overview/overview-page")));
const TimelinePage = lazy(() => loadPart(() => import("./pages/timeline/timeline-page")));
const GraphPage = lazy(() => loadPart(() => import("./pages/graph/graph-page")));
const RulesPage = lazy(() => loadPart(() => import("./pages/rules/rules-page")));
const PromotionPage = lazy(() => loadPart(() => import("./pages/promotion/promotion-page")));
const AppPage = lazy(() => loadPart(() => import("./pages/app/app-page")));
const ApprovalsPage = lazy(() => loadPart(() => import("./pages/approvals/approvals-page")));
const FreezesPage = lazy(() => loadPart(() => import("./pages/freezes/freezes-page")));
const TokensPage = lazy(() => loadPart(() => import("./pages/access/tokens-page")));
const AuditPage = lazy(() => loadPart(() => import("./pages/access/audit-page")));

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
