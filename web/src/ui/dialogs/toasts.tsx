import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { Link } from "react-router";
import styles from "./toasts.module.css";

const SHOWN_MS = 6_000;

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly link: { readonly to: string; readonly text: string } | undefined;
}

type Show = (text: string, link?: Toast["link"]) => void;

const ToastContext = createContext<Show>(() => undefined);

/** Shows a message for a few seconds, which screen readers announce. */
export function useToast(): Show {
  return useContext(ToastContext);
}

let lastId = 0;

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const show = useCallback<Show>((text, link) => {
    lastId += 1;
    const toast = { id: lastId, text, link };
    setToasts((before) => [...before.slice(-2), toast]);
    setTimeout(() => setToasts((before) => before.filter((one) => one !== toast)), SHOWN_MS);
  }, []);
  return (
    <ToastContext value={show}>
      {children}
      <div className={styles.toasts} role="status">
        {toasts.map(({ id, text, link }) => (
          <p key={id} className={styles.toast}>
            {text}
            {link !== undefined && <Link to={link.to}>{link.text}</Link>}
          </p>
        ))}
      </div>
    </ToastContext>
  );
}
