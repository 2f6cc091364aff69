import { ACTIONS, type Action } from "../domain/access/actions.js";

/**
 * The sentence for the description of a field that states the role it requires, taken from the table of actions.
 *
 * @param condition limits the sentence to a case, for example `Removing a check`
 */
export function requiresRole(action: Action, condition?: string): string {
  return `${condition === undefined ? "Requires" : `${condition} requires`} the ${ACTIONS[action]} role.`;
}
