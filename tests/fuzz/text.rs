//! Texts made of valid ones by edits of their tokens.

use std::fmt;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// A text, which is shown short.
#[derive(Clone)]
pub struct Text(pub Vec<u8>);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(4000)];
        write!(f, "{} bytes: {:?}", self.0.len(), String::from_utf8_lossy(shown))
    }
}

/// What is done to a list of tokens.
#[derive(Clone, Debug)]
enum Edit {
    Replace(Index, Index),
    Insert(Index, Index),
    Remove(Index, u8),
    /// Some tokens, so many times.
    Repeat(Index, u8, u16),
    Swap(Index, Index),
    /// Brackets or other words around a token, so deep.
    Nest(Index, Index, u16),
    /// Tokens of another text of the corpus, in the place of some.
    Splice(Index, Index, u8),
    /// A number in the place of the next number.
    Number(Index, Index),
    Byte(Index, u8),
}

/// Numbers that are hard.
const NUMBERS: [&str; 30] = [
    "0",
    "-0",
    "0.0",
    "-1",
    "1",
    "2",
    "1e308",
    "-1e308",
    "1e309",
    "1e-308",
    "5e-324",
    "1e-400",
    "nan",
    "inf",
    "-inf",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "9007199254740993",
    "16777216",
    "16777217",
    "65536",
    "0x10",
    "1e",
    "1_000",
    "00012",
    "3.4028235e38",
    "1e39",
    "1048576",
    "1.7976931348623157e308",
];

/// What is put around a token: opened so many times, and closed.
const AROUND: [(&str, &str); 14] = [
    ("(", ")"),
    ("[", "]"),
    ("{ a = ", " }"),
    ("-", ""),
    ("abs(", ")"),
    ("if(x < 1, x, ", ")"),
    ("2^", ""),
    ("sin(1 + ", " * x)"),
    ("\"", "\""),
    ("mean(row in data: ", ")"),
    ("[[", "]]\n"),
    ("'''", "'''"),
    ("x*(", ")/y"),
    ("max(x, ", ")"),
];

/// A text as words, numbers, spaces and single other bytes.
fn tokens(text: &[u8]) -> Vec<Vec<u8>> {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' => 1,
        b' ' | b'\n' => 2,
        128.. => 3,
        _ => 0,
    };
    text.chunk_by(|a, b| kind(*a) == kind(*b) && kind(*a) != 0).map(<[u8]>::to_vec).collect()
}

/// Longest text that repetition makes.
const LONGEST: usize = 1 << 18;

fn edit(tokens: &mut Vec<Vec<u8>>, edit: &Edit, corpus: &[Vec<Vec<u8>>], pool: &[Vec<u8>]) {
    let count = tokens.len();
    if count == 0 {
        return;
    }
    let range =
        |at: &Index, length: u8| at.index(count)..count.min(at.index(count) + usize::from(length) + 1);
    match edit {
        Edit::Replace(at, with) => tokens[at.index(count)] = pool[with.index(pool.len())].clone(),
        Edit::Insert(at, what) => tokens.insert(at.index(count), pool[what.index(pool.len())].clone()),
        Edit::Remove(at, length) => drop(tokens.drain(range(at, *length))),
        Edit::Repeat(at, length, times) => {
            let part = tokens[range(at, *length)].concat();
            let times = usize::from(*times).min(LONGEST / part.len().max(1));
            tokens.insert(at.index(count), part.repeat(times));
        }
        Edit::Swap(a, b) => tokens.swap(a.index(count), b.index(count)),
        Edit::Nest(at, around, deep) => {
            let (open, close) = AROUND[around.index(AROUND.len())];
            let token = &mut tokens[at.index(count)];
            let deep = usize::from(*deep);
            *token = [open.repeat(deep).as_bytes(), token, close.repeat(deep).as_bytes()].concat();
        }
        Edit::Splice(other, at, length) => {
            let other = &corpus[other.index(corpus.len())];
            let from = at.index(other.len());
            let part = other[from..other.len().min(from + usize::from(*length) + 1)].to_vec();
            drop(tokens.splice(range(at, *length), part));
        }
        Edit::Number(at, with) => {
            let is_number = |token: &Vec<u8>| token[0].is_ascii_digit();
            let from = at.index(count);
            let found =
                (from..count).chain(0..from).find(|&k| !tokens[k].is_empty() && is_number(&tokens[k]));
            if let Some(k) = found {
                tokens[k] = NUMBERS[with.index(NUMBERS.len())].into();
            }
        }
        Edit::Byte(at, byte) => {
            let token = &mut tokens[at.index(count)];
            let k = usize::from(*byte) % token.len().max(1);
            token.splice(k..(k + 1).min(token.len()), [*byte]);
        }
    }
    tokens.retain(|token| !token.is_empty());
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let index = any::<Index>;
    // Mostly short, so that most texts stay valid to some depth.
    let times = || prop_oneof![20 => 1u16..8, 4 => 8u16..300, 1 => any::<u16>()];
    let length = || prop_oneof![8 => 0u8..6, 1 => any::<u8>()];
    let one = prop_oneof![
        6 => (index(), index()).prop_map(|(a, b)| Edit::Replace(a, b)),
        3 => (index(), index()).prop_map(|(a, b)| Edit::Insert(a, b)),
        2 => (index(), length()).prop_map(|(a, n)| Edit::Remove(a, n)),
        2 => (index(), length(), times()).prop_map(|(a, n, times)| Edit::Repeat(a, n, times)),
        2 => (index(), index()).prop_map(|(a, b)| Edit::Swap(a, b)),
        3 => (index(), index(), times()).prop_map(|(a, b, n)| Edit::Nest(a, b, n)),
        3 => (index(), index(), length()).prop_map(|(a, b, n)| Edit::Splice(a, b, n)),
        8 => (index(), index()).prop_map(|(a, b)| Edit::Number(a, b)),
        1 => (index(), any::<u8>()).prop_map(|(a, b)| Edit::Byte(a, b)),
    ];
    vec(one, 0..5)
}

/// Texts made of those of a corpus, with words of `words` put in.
pub fn texts(corpus: Vec<String>, words: &[&str]) -> impl Strategy<Value = Text> + use<> {
    let corpus: Arc<Vec<Vec<Vec<u8>>>> =
        Arc::new(corpus.iter().map(|text| tokens(text.as_bytes())).collect());
    let pool = words.iter().chain(&NUMBERS).map(|word| word.as_bytes().to_vec());
    let pool: Arc<Vec<Vec<u8>>> = Arc::new(pool.collect());
    (any::<Index>(), edits()).prop_map(move |(base, edits)| {
        let mut tokens = corpus[base.index(corpus.len())].clone();
        edits.iter().for_each(|one| edit(&mut tokens, one, &corpus, &pool));
        Text(tokens.concat())
    })
}
