//! SHA-256 (FIPS 180-4): the hash of definitions, saved states, keys of alerts and assignments.
//!
//! With the feature `sha2` the crate of that name computes it, with the instructions of the processor;
//! without it the code below does, about ten times slower. The bytes are the same.

#[cfg(feature = "sha2")]
use sha2::Digest;

/// The SHA-256 of bytes that come in pieces.
#[derive(Clone, Default)]
pub(crate) struct Sha256 {
    #[cfg(feature = "sha2")]
    of: sha2::Sha256,
    #[cfg(not(feature = "sha2"))]
    of: portable::Sha256,
}

impl Sha256 {
    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.of.update(bytes.as_ref());
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.of.finalize().into()
    }

    /// The SHA-256 of all bytes at once.
    pub(crate) fn digest(bytes: impl AsRef<[u8]>) -> [u8; 32] {
        let mut hash = Sha256::default();
        hash.update(bytes);
        hash.finish()
    }
}

#[cfg(any(test, not(feature = "sha2")))]
mod portable {
    const BLOCK: usize = 64;

    /// K: the first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2).
    const K: [u32; 64] = [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
    ];

    /// The state while bytes come in.
    #[derive(Clone)]
    pub(super) struct Sha256 {
        /// H, the hash of the blocks so far.
        hash: [u32; 8],
        /// The beginning of the next block.
        block: [u8; BLOCK],
        filled: usize,
        length: u64,
    }

    impl Default for Sha256 {
        /// H(0): the square roots of the first eight primes (5.3.3).
        fn default() -> Self {
            Sha256 {
                hash: [
                    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                    0x1f83d9ab, 0x5be0cd19,
                ],
                block: [0; BLOCK],
                filled: 0,
                length: 0,
            }
        }
    }

    impl Sha256 {
        pub(super) fn update(&mut self, mut bytes: &[u8]) {
            self.length += bytes.len() as u64;
            while self.filled + bytes.len() >= BLOCK {
                let (now, later) = bytes.split_at(BLOCK - self.filled);
                self.block[self.filled..].copy_from_slice(now);
                self.filled = 0;
                compress(&mut self.hash, &self.block);
                bytes = later;
            }
            self.block[self.filled..self.filled + bytes.len()].copy_from_slice(bytes);
            self.filled += bytes.len();
        }

        /// A one, zeros, and the length in bits in the last eight bytes of a block (5.1.1).
        pub(super) fn finalize(mut self) -> [u8; 32] {
            let bits = self.length * 8;
            self.update(&[0x80]);
            while self.filled != BLOCK - 8 {
                self.update(&[0]);
            }
            self.update(&bits.to_be_bytes());
            let mut out = [0; 32];
            for (bytes, word) in out.chunks_exact_mut(4).zip(self.hash) {
                bytes.copy_from_slice(&word.to_be_bytes());
            }
            out
        }
    }

    /// One block (6.2.2).
    fn compress(hash: &mut [u32; 8], block: &[u8; BLOCK]) {
        // W, the message schedule.
        let mut w = [0_u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for t in 16..64 {
            let (x, y) = (w[t - 15], w[t - 2]);
            let s0 = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3); // σ0
            let s1 = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10); // σ1
            w[t] = (w[t - 16].wrapping_add(s0))
                .wrapping_add(w[t - 7])
                .wrapping_add(s1);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *hash;
        for t in 0..64 {
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25); // Σ1
            let choice = (e & f) ^ (!e & g); // Ch
            let t1 = (h.wrapping_add(s1))
                .wrapping_add(choice)
                .wrapping_add(K[t])
                .wrapping_add(w[t]);
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22); // Σ0
            let majority = (a & b) ^ (a & c) ^ (b & c); // Maj
            let t2 = s0.wrapping_add(majority);
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (sum, part) in hash.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *sum = sum.wrapping_add(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: [u8; 32]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Examples of FIPS 180-2, appendix B, and the empty text; `printf … | sha256sum` prints them too.
    #[test]
    fn the_published_examples() {
        let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let million = "a".repeat(1_000_000);
        for (text, hash) in [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                long,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                &million,
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ] {
            assert_eq!(hex(Sha256::digest(text)), hash);
            let mut portable = portable::Sha256::default();
            portable.update(text.as_bytes());
            assert_eq!(hex(portable.finalize()), hash);
        }
    }

    /// Whatever the pieces and the length, the last block's padding included.
    #[test]
    fn pieces_do_not_count() {
        let bytes: Vec<u8> = (0..300_u32).map(|i| (i * 7 % 251) as u8).collect();
        for length in 0..bytes.len() {
            let whole = Sha256::digest(&bytes[..length]);
            for piece in [1, 3, 63, 64, 65] {
                let mut portable = portable::Sha256::default();
                let pieces = bytes[..length].chunks(piece);
                pieces.for_each(|piece| portable.update(piece));
                assert_eq!(portable.finalize(), whole, "{length} in pieces of {piece}");
            }
        }
    }
}
