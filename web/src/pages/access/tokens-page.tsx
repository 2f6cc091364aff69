import { useEffect, useState } from "react";
import { useMutation } from "../../acting/use-mutation";
import { useNow } from "../../api/clock";
import { useLive } from "../../api/use-live";
import { RevokeTokenDocument, TokensDocument, type TokensQuery } from "../../gql/graphql";
import { useIsStale } from "../../shell/live-badge";
import { Button } from "../../ui/controls/button";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import { Message } from "../../ui/message";
import page from "../../ui/page.module.css";
import { Age } from "../../ui/text/age";
import { count, formatDate } from "../../ui/text/format";
import { CreateTokenDialog } from "./create-token-dialog";

type Token = TokensQuery["tokens"]["nodes"][number];

const MAX_SHOWN = 100;

/** `/tokens`: who may use the service. For administrators. */
export default function TokensPage() {
  const variables = { size: MAX_SHOWN, after: null };
  const { data, error } = useLive(TokensDocument, variables, { types: ["TOKEN_CREATED", "TOKEN_REVOKED"] });
  const stale = useIsStale() || error !== null;
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);

  useEffect(() => {
    document.title = "Tokens · Railyard";
  }, []);

  if (data === null) return <Message title={error?.message ?? "Loading …"} />;
  const { nodes, totalCount, pageInfo } = data.tokens;
  return (
    <>
      <div className={page.header}>
        <div>
          <h1>Tokens</h1>
          <p className={page.facts}>{count(totalCount, "token")}</p>
        </div>
        <Button kind="primary" onClick={() => setCreating(true)}>
          Create token
        </Button>
      </div>
      <section className={page.panel} data-stale={stale || undefined} aria-label="Tokens">
        <div className={page.scroll}>
          <table className={`${page.table} ${page.stacked}`}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Pipelines</th>
                <th scope="col">Created</th>
                <th scope="col">Last used</th>
                <th scope="col">State</th>
                <th scope="col">
                  <span className="visually-hidden">Revoke</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {nodes.map((token) => (
                <Row key={token.id} token={token} onRevoke={setRevoking} />
              ))}
            </tbody>
          </table>
        </div>
        {pageInfo.hasNextPage && (
          <p className={`${page.more} ${page.muted}`}>
            The first {MAX_SHOWN}. <code>railyard tokens</code> lists all.
          </p>
        )}
      </section>
      {creating && <CreateTokenDialog onClose={() => setCreating(false)} />}
      {revoking !== null && <RevokeDialog token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function Row({ token, onRevoke }: { readonly token: Token; onRevoke(token: Token): void }) {
  const { name, role, pipelines, createdAt, lastUsedAt, expiresAt, revokedAt } = token;
  const now = useNow();
  const expired = expiresAt !== null && Date.parse(expiresAt) <= now;
  return (
    <tr>
      <td data-full="">
        <b>{name}</b>
      </td>
      <td className={page.nowrap}>{role.toLowerCase()}</td>
      <td data-label="Pipelines">
        {pipelines === null ? "all" : pipelines.map((one) => one.name).join(", ") || "none"}
      </td>
      <td className={page.nowrap} data-label="Created">
        <Age time={createdAt} />
      </td>
      <td className={page.nowrap} data-label="Last used">
        {lastUsedAt === null ? "never" : <Age time={lastUsedAt} />}
      </td>
      <td className={page.nowrap}>
        {revokedAt !== null ? (
          <span className={page.muted}>revoked</span>
        ) : expired ? (
          <span className={page.muted}>expired</span>
        ) : expiresAt === null ? (
          "valid"
        ) : (
          `until ${formatDate(expiresAt)}`
        )}
      </td>
      <td className={page.end}>
        {revokedAt === null && !expired && (
          <Button kind="plain" onClick={() => onRevoke(token)}>
            Revoke<span className="visually-hidden"> {name}</span>
          </Button>
        )}
      </td>
    </tr>
  );
}

function RevokeDialog({ token, onClose }: { readonly token: Token; onClose(): void }) {
  const showToast = useToast();
  const { run, busy, error } = useMutation(RevokeTokenDocument, () => {
    showToast(`${token.name} was revoked.`);
    onClose();
  });
  return (
    <Dialog
      title={`Revoke ${token.name}?`}
      action="Revoke"
      danger
      busy={busy}
      error={error}
      onSubmit={() => run({ input: { token: token.id } })}
      onClose={onClose}
    >
      <p>It stops working at once, and its subscriptions end. This cannot be undone.</p>
    </Dialog>
  );
}
