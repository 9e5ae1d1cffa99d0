//! Requests without a known key: how many of them an address may make, and how many are recorded. Guessing keys is
//! slowed down, and nobody without a key can grow the store without bound.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use axum::http::HeaderMap;
use ipnet::IpNet;
use surefoot_types::Timestamp;

use crate::minute::PerMinute;

/// Most refusals of strangers that are recorded in a minute, whoever they are.
const RECORDED: u32 = 60;

/// What strangers may do, and have done this minute.
pub(crate) struct Strangers {
    /// Most requests of one address in a minute; absent: no limit.
    limit: Option<u32>,
    /// Who is believed about whom it asks for.
    proxies: Vec<IpNet>,
    came: PerMinute<IpAddr>,
    recorded: PerMinute<()>,
}

impl Strangers {
    pub(crate) fn new(limit: Option<u32>, proxies: Vec<IpNet>) -> Self {
        Self { limit, proxies, came: PerMinute::default(), recorded: PerMinute::default() }
    }

    /// Whether an address is one of the proxies in front.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|net| net.contains(&address))
    }

    /// Whose request it is: the peer's, or where that is a proxy the last address in `x-forwarded-for` that is none.
    pub(crate) fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lists = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let told: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
        let mut last = peer;
        for one in told.into_iter().rev() {
            if !self.is_proxy(last) {
                break;
            }
            // Whoever comes after what cannot be read may have made it up.
            let Ok(address) = one.parse() else { break };
            last = address;
        }
        last.to_canonical()
    }

    /// Until when an address has to wait, if it has made too many requests.
    pub(crate) fn waits(&self, address: IpAddr, now: Timestamp) -> Option<Duration> {
        self.came.waits(&bucket(address), self.limit?, now)
    }

    /// An address came without a known key.
    pub(crate) fn came(&self, address: IpAddr, now: Timestamp) {
        self.came.came(bucket(address), now);
    }

    /// Whether one more refusal of a stranger may be recorded.
    pub(crate) fn may_record(&self, now: Timestamp) -> bool {
        let may = self.recorded.take((), RECORDED, now).is_ok();
        if !may {
            metrics::counter!("surefoot_refusals_unrecorded_total").increment(1);
        }
        may
    }
}

/// What is counted as one address: of IPv6 a network of 64 bits, which one customer has whole.
pub(crate) fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strangers(limit: u32) -> Strangers {
        Strangers::new(Some(limit), vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn only_proxies_are_believed() {
        let strangers = strangers(1);
        for (peer, told, expected) in [
            ("198.51.100.7", &["203.0.113.9"][..], "198.51.100.7"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", &["1.1.1.1", "203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            ("10.1.2.3", &["203.0.113.9, unknown"], "10.1.2.3"),
            ("fd00::1", &["2001:db8::1"], "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in told {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let found = strangers.address(peer.parse().unwrap(), &headers);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {told:?}");
        }
    }

    #[test]
    fn an_address_waits_for_the_next_minute() {
        let strangers = strangers(2);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..2 {
            assert_eq!(strangers.waits(address("203.0.113.9"), at(130)), None);
            strangers.came(address("203.0.113.9"), at(130));
            strangers.came(address("2001:db8::1"), at(130));
        }
        assert_eq!(strangers.waits(address("203.0.113.9"), at(130)), Some(Duration::from_secs(50)));
        assert_eq!(strangers.waits(address("::ffff:203.0.113.9"), at(179)), Some(Duration::from_secs(1)));
        assert_eq!(strangers.waits(address("2001:db8::ffff"), at(130)), Some(Duration::from_secs(50)), "one network");
        assert_eq!(strangers.waits(address("2001:db8:0:1::1"), at(130)), None);
        assert_eq!(strangers.waits(address("203.0.113.8"), at(130)), None);
        assert_eq!(strangers.waits(address("203.0.113.9"), at(180)), None);
    }

    #[test]
    fn so_many_are_recorded_in_a_minute_and_no_more() {
        let strangers = strangers(1);
        let recorded = |second| (0..200).filter(|_| strangers.may_record(at(second))).count();
        assert_eq!((recorded(1), recorded(59), recorded(60)), (60, 0, 60));
    }
}
