//! The same answers by axum on hyper and tokio, on one thread.

use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[derive(Deserialize)]
struct Options {
    q: Option<String>,
    #[serde(default = "ten")]
    limit: i64,
}

fn ten() -> i64 {
    10
}

#[derive(Serialize)]
struct Found {
    item_id: i64,
    q: Option<String>,
    limit: i64,
}

#[derive(Deserialize)]
struct Order {
    customer: Customer,
    items: Vec<Item>,
    #[allow(dead_code, reason = "part of what is posted")]
    note: Option<String>,
}

#[derive(Deserialize)]
struct Customer {
    name: String,
    #[allow(dead_code, reason = "part of what is posted")]
    email: String,
}

#[derive(Deserialize)]
struct Item {
    #[allow(dead_code, reason = "part of what is posted")]
    name: String,
    price: f64,
    #[serde(default = "one")]
    quantity: i64,
}

fn one() -> i64 {
    1
}

#[derive(Serialize)]
struct Receipt {
    customer: String,
    lines: usize,
    total: f64,
}

#[derive(Serialize)]
struct Value {
    value: i64,
}

#[derive(Clone, Serialize)]
struct Row {
    id: usize,
    name: String,
    price: f64,
    active: bool,
}

async fn hello() -> Json<Message> {
    Json(Message { message: "Hello, World!" })
}

async fn read_item(Path(item_id): Path<i64>, Query(options): Query<Options>) -> Json<Found> {
    Json(Found { item_id, q: options.q, limit: options.limit })
}

async fn create_order(Json(order): Json<Order>) -> Result<Json<Receipt>, StatusCode> {
    if order.items.iter().any(|item| item.price <= 0.0) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let total = order.items.iter().map(|item| item.price * item.quantity as f64).sum();
    Ok(Json(Receipt { customer: order.customer.name, lines: order.items.len(), total }))
}

async fn read_sleep() -> Json<Message> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    hello().await
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: Vec<Row> = (0..1000)
        .map(|id| Row {
            id,
            name: format!("row {id}"),
            price: id as f64 * 0.5,
            active: id % 2 == 0,
        })
        .collect();
    let rows: &'static [Row] = rows.leak();
    let app = Router::new()
        .route("/plaintext", get(|| async { "Hello, World!" }))
        .route("/json", get(hello))
        .route("/def", get(hello))
        .route("/items/{item_id}", get(read_item))
        .route("/orders", post(create_order))
        .route("/dependencies", get(|| async { Json(Value { value: 4 }) }))
        .route("/sleep", get(read_sleep))
        .route("/list", get(move || async move { Json(rows) }));
    let address = format!("127.0.0.1:{}", std::env::var("PORT")?);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        }), app)
        .await?;
        Ok(())
    })
}
