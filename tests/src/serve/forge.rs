//! Datagrams that are no answer to a question but claim to be (RFC 5452 section 9.1 says what an answer must
//! match).

use crate::situation::{FLOOD, Forgery};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// Sockets that the resolver does not answer by.
#[derive(Debug)]
pub(super) struct Forgers {
    /// At the resolver's address.
    other_port: UdpSocket,
    /// At another one, with the resolver's port.
    other_address: UdpSocket,
}

impl Forgers {
    /// Sockets beside those of a resolver with this port.
    pub(super) fn bind(port: u16) -> io::Result<Self> {
        Ok(Self {
            other_port: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?,
            other_address: UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), port))?,
        })
    }

    /// Sends what is no answer to a question; gives the number of datagrams.
    pub(super) fn send(
        &self,
        forgery: Forgery,
        question: &[u8],
        resolver: &UdpSocket,
        asker: SocketAddr,
    ) -> u64 {
        let from = match forgery {
            Forgery::WrongPort => &self.other_port,
            Forgery::WrongAddress => &self.other_address,
            _ => resolver,
        };
        let count = if forgery == Forgery::Flood { FLOOD } else { 1 };
        for number in 1..=count {
            // A datagram that cannot be sent is lost on the way.
            drop(from.send_to(&forge(forgery, number, question), asker));
        }
        count.into()
    }
}

/// The claim that the name of a question does not exist, not quite as an answer to it would make it.
pub(super) fn forge(forgery: Forgery, number: u16, question: &[u8]) -> Vec<u8> {
    let mut claim = question.to_vec();
    let id = claim.get(..2).map_or(0, |id| u16::from_be_bytes([id[0], id[1]]));
    let mut put = |at: usize, byte: u8| {
        if let Some(place) = claim.get_mut(at) {
            *place = byte;
        }
    };
    let other = |id: u16| (id ^ number).to_be_bytes();
    match forgery {
        Forgery::Echo => return claim,
        Forgery::WrongId | Forgery::Flood => {
            let [high, low] = other(id);
            put(0, high);
            put(1, low);
        }
        // The first letter of the name.
        Forgery::OtherName => put(13, b'~'),
        // One question is counted in the sixth byte.
        Forgery::NoQuestion => put(5, 0),
        Forgery::OtherType => {
            if let Some(end) = end_of_name(question) {
                put(end + 1, 99);
            }
        }
        Forgery::WrongPort | Forgery::WrongAddress => {}
    }
    // An answer, recursion available, NXDOMAIN.
    put(2, 0x81);
    put(3, 0x83);
    claim
}

/// Where the type stands behind the name of a question.
fn end_of_name(question: &[u8]) -> Option<usize> {
    let mut at = 12;
    loop {
        match *question.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]
    use super::*;
    use crate::serve::message;

    #[test]
    fn each_forgery_differs_from_an_answer_in_its_one_way() {
        let mut question = vec![0x12, 0x34, 1, 0x20, 0, 1, 0, 0, 0, 0, 0, 0];
        question.extend(b"\x01a\x07example\x00\x00\x10\x00\x01");
        let answer = forge(Forgery::WrongPort, 1, &question);
        assert_eq!((answer[2] & 0x80, answer[3] & 0x0f), (0x80, 3));
        assert_eq!(answer[4..], question[4..]);
        let differs = |forgery| -> Vec<usize> {
            let forged = forge(forgery, 1, &question);
            (0..answer.len()).filter(|at| forged[*at] != answer[*at]).collect()
        };
        assert_eq!(differs(Forgery::WrongId), [1]);
        assert_eq!(differs(Forgery::OtherName), [13]);
        assert_eq!(differs(Forgery::OtherType), [24]);
        assert_eq!(differs(Forgery::NoQuestion), [5]);
        assert_eq!(forge(Forgery::Echo, 1, &question), question);
        assert!(message::read(&question).is_some());
        let ids: std::collections::HashSet<_> =
            (1..=FLOOD).map(|number| forge(Forgery::Flood, number, &question)[..2].to_vec()).collect();
        assert!(ids.len() == usize::from(FLOOD) && !ids.contains(&question[..2]));
    }
}
