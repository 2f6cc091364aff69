/** Present if the promotion or release was forced. */
export interface OverrideDetail {
  readonly forced?: true;
  readonly reason?: string;
}
