import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { permit } from "../domain/access/actions.js";
import * as tokens from "../domain/access/tokens.js";
import { Token } from "../entities/access/token.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { type Connection, PageArgs, TokenConnection } from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import { CreateTokenInput, RevokeTokenInput } from "../schema/inputs.js";
import { CreateTokenPayload, TokenPayload } from "../schema/payloads.js";
import { listRows, TOKENS } from "./lists.js";
import { pipelinesIn } from "./relations.js";

@Resolver(() => Token)
export class TokenResolver {
  @Query(() => TokenConnection, { description: "ADMIN only. In the order in which they were made." })
  tokens(@Ctx() ctx: Context, @Args(() => PageArgs) args: PageArgs): Promise<Connection<Token>> {
    permit(ctx.viewer, "readTokens");
    return listRows(ctx, TOKENS, args);
  }

  @FieldResolver(() => [Pipeline], {
    nullable: true,
    description:
      "The pipelines outside of which it sees and does nothing; null where it is not limited. One that is deleted is no longer among them.",
  })
  pipelines(@Root() { scope }: Token, @Ctx() ctx: Context): Promise<Pipeline[] | null> {
    return pipelinesIn(ctx, scope);
  }

  @Mutation(() => CreateTokenPayload, { description: "Makes a token. Needs the role ADMIN." })
  createToken(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateTokenInput, { description: "What it is to be." }) input: CreateTokenInput,
  ): Promise<CreateTokenPayload> {
    return ctx.mutate((act) => tokens.createToken(act, input));
  }

  @Mutation(() => TokenPayload, { description: "Revokes a token at once and for good. Needs the role ADMIN." })
  async revokeToken(
    @Ctx() ctx: Context,
    @Arg("input", () => RevokeTokenInput, { description: "Which one." }) input: RevokeTokenInput,
  ): Promise<TokenPayload> {
    return { token: await ctx.mutate((act) => tokens.revokeToken(act, input)) };
  }
}
