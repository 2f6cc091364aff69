import type { FastifyReply, FastifyRequest } from "fastify";

/** The explorer: GraphiQL, whole in one page. It is made at its first use, since it weighs nine megabytes. */
export function explorer(): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  let page: Promise<string> | null = null;
  return async (_, reply) => {
    page ??= import("@graphql-yoga/render-graphiql").then(({ renderGraphiQL }) =>
      renderGraphiQL({ title: "Railyard", endpoint: "/graphql", headers: '{ "authorization": "Bearer " }' }),
    );
    return reply.type("text/html; charset=utf-8").send(await page);
  };
}
