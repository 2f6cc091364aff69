import { Component, type ReactNode } from "react";
import { Message } from "./message";

interface ErrorBoundaryProps {
  /** Another value shows the content again. */
  readonly path: string;
  readonly children: ReactNode;
}

/** Instead of a blank page: a part of the page could not be loaded, or failed. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly failedAt: string | null }> {
  override state = { failedAt: null };

  static getDerivedStateFromError(): { failedAt: string } {
    return { failedAt: location.pathname };
  }

  override componentDidUpdate(before: ErrorBoundaryProps): void {
    if (before.path !== this.props.path && this.state.failedAt !== null) this.setState({ failedAt: null });
  }

  override render(): ReactNode {
    if (this.state.failedAt === null) return this.props.children;
    return (
      <Message title="This page could not be shown.">
        <p>Load it again. If that does not help, the console of the browser says why.</p>
      </Message>
    );
  }
}
