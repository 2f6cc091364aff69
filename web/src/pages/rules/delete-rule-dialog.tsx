import { useMutation } from "../../acting/use-mutation";
import { type ApprovalRuleRowFragment, DeleteApprovalRuleDocument } from "../../gql/graphql";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";

interface DeleteRuleDialogProps {
  readonly rule: ApprovalRuleRowFragment;
  onClose(): void;
}

export function DeleteRuleDialog({ rule, onClose }: DeleteRuleDialogProps) {
  const showToast = useToast();
  const { run, busy, error } = useMutation(DeleteApprovalRuleDocument, () => {
    showToast(`The rule ${rule.name} was deleted.`);
    onClose();
  });
  return (
    <Dialog
      title={`Delete the rule ${rule.name}?`}
      action="Delete"
      danger
      busy={busy}
      error={error}
      onSubmit={() => run({ input: { rule: rule.id } })}
      onClose={onClose}
    >
      <p>Promotions that wait for nothing else start at once.</p>
    </Dialog>
  );
}
