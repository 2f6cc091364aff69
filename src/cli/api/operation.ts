/** A GraphQL document with one named operation, typed by its result and variables. */
export interface Operation<Result, Variables> {
  readonly name: string;
  readonly document: string;
  /** Type-only; never set. */
  readonly types?: (variables: Variables) => Result;
}

/** A mutation. Its field is null only if there is an error, and `Api.run` throws that. */
export type Mutation<Result, Variables> = Operation<
  { readonly [Field in keyof Result]: NonNullable<Result[Field]> },
  Variables
>;
