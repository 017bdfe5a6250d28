//! Ids that are the same in every run: made from the seed, the API key and what caused them.
//!
//! An object created under an idempotency key takes its id from that key, so it is the same however
//! concurrent requests interleave. Without a key a counter takes its place.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Makes ids for one API key.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    requests: u64,
    executions: u64,
    scope: u64,
    made: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64, api_key: &str) -> Self {
        Self {
            seed: mix(seed ^ hash(api_key.as_bytes())),
            requests: 0,
            executions: 0,
            scope: 0,
            made: 0,
        }
    }

    /// The id of one more request: always from a counter, since a replay is a new request.
    pub(crate) fn request(&mut self) -> String {
        self.requests += 1;
        self.draw("req_", 14, mix(self.requests) ^ 0x7265_7175)
    }

    /// Begins to execute a request; the ids made from here on belong to it.
    pub(crate) fn begin(&mut self, idempotency_key: Option<&str>) {
        self.executions += 1;
        self.made = 0;
        self.scope = match idempotency_key {
            Some(key) => hash(key.as_bytes()),
            None => mix(self.executions),
        };
    }

    pub(crate) fn next(&mut self, prefix: &str, length: usize) -> String {
        self.made += 1;
        self.draw(prefix, length, self.scope.wrapping_add(self.made.wrapping_mul(GOLDEN)))
    }

    fn draw(&self, prefix: &str, length: usize, from: u64) -> String {
        let mut id = String::with_capacity(prefix.len() + length);
        id.push_str(prefix);
        let mut state = self.seed ^ from;
        let mut word = 0;
        for at in 0..length {
            if at % 10 == 0 {
                state = state.wrapping_add(GOLDEN);
                word = mix(state);
            }
            let digit = usize::try_from(word % 62).unwrap_or_default();
            id.push(char::from(ALPHABET[digit]));
            word /= 62;
        }
        id
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finalizer of SplitMix64: every input bit reaches every output bit.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// FNV-1a, spread by [`mix`]. Stable between runs and versions, unlike the standard hasher.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_makes_the_same_ids_whatever_came_before() {
        let mut one = Ids::new(7, "sk_test_a");
        let mut two = Ids::new(7, "sk_test_a");
        two.begin(None);
        two.next("cus_", 14);
        one.begin(Some("k"));
        two.begin(Some("k"));
        assert_eq!(one.next("pi_", 24), two.next("pi_", 24));
        assert_ne!(one.next("pi_", 24), Ids::new(8, "sk_test_a").next("pi_", 24));
    }
}
