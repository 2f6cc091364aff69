import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { permit } from "../../domain/access/actions.js";
import * as tokens from "../../domain/access/tokens.js";
import { Token } from "../../entities/access/token.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { type Connection, PageArgs, TokenConnection } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { CreateTokenInput, RevokeTokenInput } from "../../schema/inputs/tokens.js";
import { CreateTokenPayload, RevokeTokenPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { listRows, TOKENS } from "../lists.js";
import { loadLivePipelines } from "../relations.js";

@Resolver(() => Token)
export class TokenResolver {
  @Query(() => TokenConnection, { description: `Lists tokens, oldest first. ${requiresRole("readTokens")}` })
  tokens(@Ctx() ctx: Context, @Args(() => PageArgs) args: PageArgs): Promise<Connection<Token>> {
    permit(ctx.viewer, "readTokens");
    return listRows(ctx, TOKENS, args);
  }

  @FieldResolver(() => [Pipeline], {
    nullable: true,
    description: "The pipelines this token is restricted to, without deleted ones; null if unrestricted.",
  })
  pipelines(@Root() { scope }: Token, @Ctx() ctx: Context): Promise<Pipeline[] | null> {
    return loadLivePipelines(ctx, scope);
  }

  @Mutation(() => CreateTokenPayload, {
    nullable: true,
    description: `Creates a token. ${requiresRole("createToken")}`,
  })
  createToken(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateTokenInput, { description: "Input for createToken." }) input: CreateTokenInput,
  ): Promise<CreateTokenPayload> {
    return ctx.mutate((ctx) => tokens.createToken(ctx, input));
  }

  @Mutation(() => RevokeTokenPayload, {
    nullable: true,
    description: `Revokes a token immediately and permanently. ${requiresRole("revokeToken")}`,
  })
  async revokeToken(
    @Ctx() ctx: Context,
    @Arg("input", () => RevokeTokenInput, { description: "Input for revokeToken." }) input: RevokeTokenInput,
  ): Promise<RevokeTokenPayload> {
    return { token: await ctx.mutate((ctx) => tokens.revokeToken(ctx, input)) };
  }
}
