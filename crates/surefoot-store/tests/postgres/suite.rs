//! The one suite.

use surefoot_testkit::{PostgresServer, suite};
use surefoot_types::ports::Store;

use crate::Place;

macro_rules! passes {
    ($($part:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $part() {
            let place = Place::new(PostgresServer::shared());
            let store = place.open().await;
            suite::$part(&store).await;
            store.close().await;
            assert_eq!(store.waiting(), 0);
        }
    )*};
}

passes! { journal books ledger escrow library notebook responses archive vault }
