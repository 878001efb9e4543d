//! A service that shows a customer's card, with the standard library only:
//!
//!     cargo run -p crm-core --no-default-features --example service
//!     curl 'http://127.0.0.1:8080/customers/C0000017?as_of=2025-12-31'
//!
//! At start it reads two files that a nightly job has written: the state of the orders
//! (`Orders::to_bytes`) and what was learnt from the whole shop (`learn`). Then any number of threads ask at
//! once; a card reads the orders of its customer and no others. With axum or another framework `card` is the
//! body of a handler, and `Shop` its state behind an `Arc`.

use crm_core::analysis::run_typed;
use crm_core::customer_card::{self, CustomerCard};
use crm_core::data::{GrowingOrders, OrdersSpec, simulate_orders};
use crm_core::shop_model::learn;
use crm_core::{At, Context, Day, Error, ErrorCode, Learned, Orders, Scope};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, fs, io, thread};

/// What all requests share. Orders are immutable, `Send` and `Sync`.
struct Shop {
    orders: GrowingOrders,
    learned: Learned,
    /// Set when the service is told to stop: calls that still run end within milliseconds.
    stop: AtomicBool,
}

impl Shop {
    fn load(folder: &str) -> Result<Shop, Box<dyn std::error::Error>> {
        let state = fs::read(format!("{folder}/orders.state"))?;
        let learned = fs::read(format!("{folder}/learned.json"))?;
        Ok(Shop {
            orders: Orders::from_bytes(&state, &Context::default())?.into(),
            learned: serde_json::from_slice(&learned)?,
            stop: AtomicBool::new(false),
        })
    }

    /// The card of a customer as JSON; none for a stranger.
    fn card(&self, id: &str, as_of: Day) -> crm_core::Result<Option<String>> {
        let context = Context {
            cancel: Some(&self.stop),
            ..Context::default()
        };
        let theirs = self.orders.of_customers(&[id.into()], &context)?;
        let options = customer_card::Options::new().learned(self.learned.clone());
        let scope = Scope::as_of(as_of);
        let table = run_typed::<CustomerCard>(&theirs, &scope, &options, &context)?;
        // A table is a sequence of rows; a program that wants fields reads `table.rows::<Card>()`.
        let json = serde_json::to_value(&table).expect("cells are numbers and texts");
        Ok(json.get(0).map(ToString::to_string))
    }
}

/// What a web framework would call a handler: a path in, a status and a body out.
fn respond(shop: &Shop, target: &str) -> (&'static str, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let as_of = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("as_of="));
    let id = path.strip_prefix("/customers/");
    let (Some(id), Some(as_of)) = (id, as_of) else {
        return (
            "404 Not Found",
            r#"{"error": "/customers/ID?as_of=DATE"}"#.into(),
        );
    };
    match as_of.parse().and_then(|day| shop.card(id, day)) {
        Ok(Some(card)) => ("200 OK", card),
        Ok(None) => ("404 Not Found", r#"{"error": "no such customer"}"#.into()),
        Err(error) => (
            status(&error),
            serde_json::json!({"error": error.to_string()}).to_string(),
        ),
    }
}

/// Messages hold no cell of the data, so that they can be logged and sent.
fn status(error: &Error) -> &'static str {
    match error.code() {
        ErrorCode::Option | ErrorCode::Data | ErrorCode::Schema => "400 Bad Request",
        ErrorCode::Cancelled | ErrorCode::OutOfMemory | ErrorCode::Budget => {
            "503 Service Unavailable"
        }
        _ => "500 Internal Server Error",
    }
}

/// Answers one request of a connection.
fn answer(shop: &Shop, mut stream: TcpStream) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or("");
    let (status, body) = respond(shop, target);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

fn serve(listener: &TcpListener, shop: &Arc<Shop>) {
    for stream in listener.incoming() {
        if shop.stop.load(Ordering::Relaxed) {
            return;
        }
        let shop = shop.clone();
        thread::spawn(move || stream.and_then(|stream| answer(&shop, stream)));
    }
}

/// The nightly job: the orders of a simulated shop, and what can be learnt from all of them.
fn night(folder: &str) -> Result<(), Box<dyn std::error::Error>> {
    let spec = OrdersSpec::parse(
        r#"{"currency": "JPY", "timezone": "+09:00", "order_id": "order_id", "status": "status",
            "kind": "kind", "discount": "discount", "refunded": "refunded", "guests": "drop"}"#,
    )?;
    let context = Context::default();
    let orders = Orders::from_batches(&spec, &[simulate_orders(300, 7)?], None, &context)?;
    let at = At::new("2025-12-31".parse()?);
    let learned = learn::learn(&orders, &at, &learn::Options::default(), &context)?;
    fs::write(format!("{folder}/orders.state"), orders.to_bytes()?)?;
    fs::write(
        format!("{folder}/learned.json"),
        serde_json::to_vec(&learned)?,
    )?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::temp_dir().join("crm-service");
    fs::create_dir_all(&folder)?;
    let folder = folder.to_str().ok_or("a folder whose name is a text")?;
    night(folder)?;
    let listener = TcpListener::bind("127.0.0.1:8080")?;
    println!("http://127.0.0.1:8080/customers/C0000017?as_of=2025-12-31");
    serve(&listener, &Arc::new(Shop::load(folder)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_core::{Dataset, register};
    use std::io::Read;

    /// The body of the answer to `GET target`, by a socket.
    fn get(address: std::net::SocketAddr, target: &str) -> (String, String) {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nhost: shop\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap().to_owned();
        (status, body.to_owned())
    }

    /// The cards that many threads are shown at once are the rows of `customer` on the whole shop.
    #[test]
    fn cards_from_a_saved_state_are_those_of_the_whole_shop() {
        let folder = env::temp_dir().join(format!("crm-service-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folder = folder.to_str().unwrap();
        night(folder).unwrap();
        let shop = Arc::new(Shop::load(folder).unwrap());
        let state = fs::read(format!("{folder}/orders.state")).unwrap();
        fs::remove_dir_all(folder).unwrap();

        let orders = Orders::from_bytes(&state, &Context::default()).unwrap();
        let request = serde_json::json!({"as_of": "2025-12-31", "learned": shop.learned});
        let whole = register::run(
            "customer",
            &Dataset::Orders(&orders),
            &request.to_string(),
            &Context::default(),
        );
        let whole = serde_json::to_value(whole.unwrap()).unwrap();
        let rows = whole.as_array().unwrap();
        assert!(rows.len() > 200, "{}", rows.len());

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serving = {
            let shop = shop.clone();
            thread::spawn(move || serve(&listener, &shop))
        };
        thread::scope(|scope| {
            for part in rows.chunks(rows.len() / 4 + 1) {
                scope.spawn(move || {
                    for row in part {
                        let id = row["customer_id"].as_str().unwrap();
                        let target = format!("/customers/{id}?as_of=2025-12-31");
                        let (status, body) = get(address, &target);
                        assert_eq!(status, "HTTP/1.1 200 OK");
                        let card: serde_json::Value = serde_json::from_str(&body).unwrap();
                        assert_eq!(&card, row);
                    }
                });
            }
        });
        let stranger = get(address, "/customers/nobody?as_of=2025-12-31");
        assert_eq!(stranger.0, "HTTP/1.1 404 Not Found");
        let (status, body) = get(address, "/customers/C0000001?as_of=tomorrow");
        assert_eq!(status, "HTTP/1.1 400 Bad Request");
        assert!(body.contains("error"), "{body}");

        shop.stop.store(true, Ordering::Relaxed);
        assert_eq!(
            shop.card("C0000001", "2025-12-31".parse().unwrap()),
            Err(Error::Cancelled)
        );
        drop(TcpStream::connect(address));
        serving.join().unwrap();
    }
}
