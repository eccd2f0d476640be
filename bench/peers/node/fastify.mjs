// The same answers by fastify, with its schemas for validation and serialisation.
import Fastify from "fastify";

const app = Fastify();
const hello = { message: "Hello, World!" };
const rows = Array.from({ length: 1000 }, (_, id) => ({
  id, name: `row ${id}`, price: id * 0.5, active: id % 2 === 0,
}));
const object = (properties, required = Object.keys(properties)) => ({
  type: "object", properties, required,
});
const string = { type: "string" };
const number = { type: "number" };
const integer = { type: "integer" };
const message = { response: { 200: object({ message: string }) } };

app.get("/plaintext", async (_, reply) => {
  reply.type("text/plain; charset=utf-8");
  return "Hello, World!";
});
app.get("/json", { schema: message }, async () => hello);
app.get("/def", { schema: message }, async () => hello);
app.get("/items/:id", {
  schema: {
    params: object({ id: integer }),
    querystring: object({ q: string, limit: { type: "integer", default: 10 } }, []),
  },
}, async ({ params, query }) => ({ item_id: params.id, q: query.q ?? null, limit: query.limit }));
app.post("/orders", {
  schema: {
    body: object({
      customer: object({ name: string, email: string }),
      items: {
        type: "array",
        items: object({
          name: string,
          price: { type: "number", exclusiveMinimum: 0 },
          quantity: { type: "integer", default: 1 },
        }, ["name", "price"]),
      },
    }),
    response: { 200: object({ customer: string, lines: integer, total: number }) },
  },
}, async ({ body }) => ({
  customer: body.customer.name,
  lines: body.items.length,
  total: body.items.reduce((sum, item) => sum + item.price * item.quantity, 0),
}));
app.get("/dependencies", async () => ({ value: 4 }));
app.get("/sleep", { schema: message }, () =>
  new Promise((resolve) => { setTimeout(() => resolve(hello), 10); }));
app.get("/list", {
  schema: {
    response: {
      200: {
        type: "array",
        items: object({ id: integer, name: string, price: number, active: { type: "boolean" } }),
      },
    },
  },
}, async () => rows);
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
