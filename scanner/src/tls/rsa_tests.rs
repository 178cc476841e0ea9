#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
//! Keys and signatures over `a message` are OpenSSL's.

use super::{modulus_bits, verifies};
use crate::tls::certificate::unhex;
use crate::tls::issuing::{SMALL_KEY, SmallKey};
use rcgen::SigningKey as _;
use rustls::SignatureScheme as Scheme;

const PKCS1_SHA256: &str = "\
    b30ca4db33389296849205442cf4b477e695f10f31ea40d32c90b5643e4334ae0e2d97d1e927cf6a72dbaa717550747d\
    1357b6ae1945805980d1d32e00c2c7ae6b7554f794bbbf5134422dd86e910f88fa71a8c0eacf1b943e97b12de338678c\
    59bfbcb6c69cf36f7a1b1c8d7010ff6ae326a2f7e15a5573f3e283192e32bb65";
const PKCS1_SHA384: &str = "\
    2e165d8635fc97fb9af3f1437ad65d734474aab504c2074196147c6d34c91e81de80c26e346c47716a0fc4f1df4906d8\
    bc153129312a99120ac65c8cca39e7d57b28bb1c7bfdd5290cc8668fabee571a88a1e5193f537ad8e9c95dbaf2bb68c8\
    6c566bfce9462c2d2d7bdea258bc6070bf4b51646c47770e98eafd80090710bc";
const PKCS1_SHA512: &str = "\
    ad79710fdb2a0f61a957c026aed2bc276fa274e5c689220086bb093196ccaf0499584996c1701908f70a2995a87cc7a8\
    70a98b2b0b231e51cb75f58a94a723891168d1acab785eff393c87f7d34abce0585530b18e1dd67c06912538c7017dc6\
    ac7e5bd0d0aa9068719af37dd556a2eaabc847df93e2e902a485a09e4f2b3099";
const PSS_SHA256: &str = "\
    0fffdb596340a243849580109979c1e17586339386790072781c1bd3d8248508aace04866cdc10189bac9261678ad959\
    27c9cfc75031128b7496d8e7a9fb7f11d54fdccfd160dcf690cabee03e91c13d33eaae9b88609b156929c665e9de10cf\
    b361114edea3e6532a75f8a97a12a54afffba9fbbbcd32319e5ff65c376443de";
const PSS_SHA384: &str = "\
    340dfc55158b95ba1aa94b626568f8e15cee0a34cd1a60a8806efafe6a8bfad3a5075b1076a3d6559aad9d4105cf5f13\
    a5cf788fa985f5e18ffd3ada027eefa7cfe57a339e157cae5ab60a7060f6329902094159b6f04215534030ddbbb6d2b2\
    e362ea0ee56f6c2c604efcfdfda3807447a18192464f4ac36588cbd08d245c82";
/// With 1025 bits the encoded message has one byte less than the modulus.
const KEY_1025: &str = "\
    30818902818101604514a0d0f59172521d78e88515a765019f47b67c25d58b5620ae36b9a60295b85799767b343b33a6\
    4f2dc4624c0579fca226b441be6594a6255000b8bda581fa5b830162e5eeca5950ac05f1d7cfcef77e47f82af49778c1\
    df957adbe2d26779b9cb0c8821171f96c21086556a720fd8243b9ad38468b854cf5ed9ce559f4d0203010001";
const PSS_1025: &str = "\
    010d4abf52a2119f51aee9c2f7783a504ce603f28fcfaa578d07aa812ec5b956bb623e6de0738386e6f27f1e507818b4\
    1b668b900d9f0391458b4bbf5293d86d8b00664cc42adcb36f5ed87835369171cea5a951618e75936725af42715860e4\
    9f7d6feea49cf84426ce7ce9c914504e2168f62b6ba27219a9efe640ead3045f5b";

const MESSAGE: &[u8] = b"a message";

fn check(key: &str, scheme: Scheme, message: &[u8], signature: &str) -> bool {
    verifies(&unhex(key).unwrap(), scheme, message, &unhex(signature).unwrap())
}

#[test]
fn signatures_of_a_small_key_are_checked_in_every_scheme() {
    for (scheme, signature) in [
        (Scheme::RSA_PKCS1_SHA256, PKCS1_SHA256),
        (Scheme::RSA_PKCS1_SHA384, PKCS1_SHA384),
        (Scheme::RSA_PKCS1_SHA512, PKCS1_SHA512),
        (Scheme::RSA_PSS_SHA256, PSS_SHA256),
        (Scheme::RSA_PSS_SHA384, PSS_SHA384),
    ] {
        assert!(check(SMALL_KEY, scheme, MESSAGE, signature), "{scheme:?}");
        assert!(!check(SMALL_KEY, scheme, b"another message", signature), "{scheme:?}");
        assert!(!check(KEY_1025, scheme, MESSAGE, signature), "{scheme:?}");
    }
    assert!(check(KEY_1025, Scheme::RSA_PSS_SHA256, MESSAGE, PSS_1025));
    assert_eq!(modulus_bits(&unhex(KEY_1025).unwrap()), Some(1025));
    assert!(!check(SMALL_KEY, Scheme::RSA_PSS_SHA256, MESSAGE, PKCS1_SHA256), "another scheme");
    assert!(!check(SMALL_KEY, Scheme::RSA_PSS_SHA512, MESSAGE, PSS_SHA256), "which 1024 bits do not hold");
    assert!(!check(SMALL_KEY, Scheme::ECDSA_NISTP256_SHA256, MESSAGE, PKCS1_SHA256));
}

#[test]
fn every_changed_bit_is_seen() {
    let key = unhex(SMALL_KEY).unwrap();
    for (scheme, signature) in
        [(Scheme::RSA_PKCS1_SHA256, PKCS1_SHA256), (Scheme::RSA_PSS_SHA256, PSS_SHA256)]
    {
        for bit in (0..1024).step_by(37) {
            let mut changed = unhex(signature).unwrap();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifies(&key, scheme, MESSAGE, &changed), "{scheme:?} {bit}");
        }
        let mut longer = unhex(signature).unwrap();
        longer.insert(0, 0);
        assert!(!verifies(&key, scheme, MESSAGE, &longer), "another length");
    }
}

#[test]
fn what_is_no_key_of_this_size_made_nothing() {
    let signature = unhex(PKCS1_SHA256).unwrap();
    for key in [&b""[..], b"junk", &[0x30, 6, 2, 1, 0, 2, 1, 3]] {
        assert!(!verifies(key, Scheme::RSA_PKCS1_SHA256, MESSAGE, &signature));
    }
}

#[test]
fn the_key_of_the_tests_signs_what_is_checked() {
    let signature = SmallKey.sign(MESSAGE).unwrap();
    assert!(verifies(&unhex(SMALL_KEY).unwrap(), Scheme::RSA_PKCS1_SHA256, MESSAGE, &signature));
}
