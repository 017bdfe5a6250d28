//! Payloads are JSON.

use apalis_core::backend::codec::Codec;
use serde::{Serialize, de::DeserializeOwned};

/// JSON as bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonCodec;

impl<J: Serialize + DeserializeOwned> Codec<J> for JsonCodec {
    type Error = serde_json::Error;
    type Compact = Vec<u8>;

    fn encode(&self, job: &J) -> Result<Vec<u8>, Self::Error> {
        serde_json::to_vec(job)
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<J, Self::Error> {
        serde_json::from_slice(bytes)
    }
}
