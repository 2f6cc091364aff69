import { useEffect } from "react";
import type { EventType } from "../../gql/graphql";
import page from "../../ui/page.module.css";
import { EventList } from "../timeline/event-list";

/** Who may do what, and who tried what they may not. */
const TYPES: readonly EventType[] = ["TOKEN_CREATED", "TOKEN_REVOKED", "ACCESS_DENIED"];

/** `/audit`: changes of tokens, and refused attempts. */
export default function AuditPage() {
  useEffect(() => {
    document.title = "Audit · Railyard";
  }, []);
  return (
    <>
      <div className={page.header}>
        <div>
          <h1>Audit</h1>
          <p className={page.facts}>Changes of tokens, and attempts that were refused</p>
        </div>
      </div>
      <EventList filter={{ types: TYPES }} withPipeline />
    </>
  );
}
