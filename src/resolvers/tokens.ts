import { Arg, Args, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { permit } from "../domain/access.js";
import * as tokens from "../domain/tokens.js";
import type { Token } from "../entities/token.js";
import { type Connection, PageArgs, TokenConnection } from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import { CreateTokenInput, RevokeTokenInput } from "../schema/inputs.js";
import { CreateTokenPayload, TokenPayload } from "../schema/payloads.js";
import { list, TOKENS } from "./lists.js";

@Resolver()
export class TokenResolver {
  @Query(() => TokenConnection, { description: "ADMIN only. In the order in which they were made." })
  tokens(@Ctx() ctx: Context, @Args(() => PageArgs) args: PageArgs): Promise<Connection<Token>> {
    permit(ctx.viewer, "readTokens");
    return list(ctx, TOKENS, args);
  }

  @Mutation(() => CreateTokenPayload, { description: "Makes a token. Needs the role ADMIN." })
  createToken(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateTokenInput, { description: "What it is to be." }) input: CreateTokenInput,
  ): Promise<CreateTokenPayload> {
    return ctx.act((act) => tokens.createToken(act, input));
  }

  @Mutation(() => TokenPayload, { description: "Revokes a token at once and for good. Needs the role ADMIN." })
  async revokeToken(
    @Ctx() ctx: Context,
    @Arg("input", () => RevokeTokenInput, { description: "Which one." }) input: RevokeTokenInput,
  ): Promise<TokenPayload> {
    return { token: await ctx.act((act) => tokens.revokeToken(act, input)) };
  }
}
