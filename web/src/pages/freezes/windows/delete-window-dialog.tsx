import { useMutation } from "../../../acting/use-mutation";
import { DeleteDeploymentWindowDocument, type WindowRowFragment } from "../../../gql/graphql";
import { Dialog } from "../../../ui/dialogs/dialog";
import { useToast } from "../../../ui/dialogs/toasts";

interface DeleteWindowDialogProps {
  readonly window: WindowRowFragment;
  onClose(): void;
}

export function DeleteWindowDialog({ window, onClose }: DeleteWindowDialogProps) {
  const showToast = useToast();
  const { run, busy, error } = useMutation(DeleteDeploymentWindowDocument, () => {
    showToast(`The window ${window.name} was deleted.`);
    onClose();
  });
  return (
    <Dialog
      title={`Delete the window ${window.name}?`}
      action="Delete"
      danger
      busy={busy}
      error={error}
      onSubmit={() => run({ input: { window: window.id } })}
      onClose={onClose}
    >
      <p>Promotions that wait for nothing else start at once.</p>
    </Dialog>
  );
}
