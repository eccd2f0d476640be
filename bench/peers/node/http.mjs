// The same answers by Node's http module.
import { createServer } from "node:http";

const rows = Array.from({ length: 1000 }, (_, id) => ({
  id, name: `row ${id}`, price: id * 0.5, active: id % 2 === 0,
}));

function answer(response, value) {
  const body = JSON.stringify(value);
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function readItem(response, path, query) {
  const id = Number(path.slice("/items/".length));
  const limit = Number(query.get("limit") ?? 10);
  if (!Number.isInteger(id) || !Number.isInteger(limit)) {
    response.writeHead(422).end();
    return;
  }
  answer(response, { item_id: id, q: query.get("q"), limit });
}

function createOrder(request, response) {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => { text += chunk; });
  request.on("end", () => {
    const order = JSON.parse(text);
    let total = 0;
    for (const item of order.items) {
      if (typeof item.name !== "string" || !(item.price > 0)) {
        response.writeHead(422).end();
        return;
      }
      total += item.price * (item.quantity ?? 1);
    }
    answer(response, { customer: order.customer.name, lines: order.items.length, total });
  });
}

createServer((request, response) => {
  const [path, search] = request.url.split("?", 2);
  if (path === "/plaintext") {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": 13 });
    response.end("Hello, World!");
  } else if (path === "/json" || path === "/def") answer(response, { message: "Hello, World!" });
  else if (path.startsWith("/items/")) readItem(response, path, new URLSearchParams(search));
  else if (path === "/orders") createOrder(request, response);
  else if (path === "/dependencies") answer(response, { value: 4 });
  else if (path === "/sleep") setTimeout(() => answer(response, { message: "Hello, World!" }), 10);
  else if (path === "/list") answer(response, rows);
  else response.writeHead(404).end();
}).listen(Number(process.env.PORT), "127.0.0.1");
