//! The embedded Reber grammar (Hochreiter and Schmidhuber 1997, experiment 1): a string of Reber's
//! grammar between two equal symbols, so that the last but one follows from the second, whatever has
//! come between them.

use wengert::prelude::*;

/// The symbols, in the order of their numbers.
pub const SYMBOLS: &str = "BTPSXVE";
pub const COUNT: usize = 7;
const B: usize = 0;
const T: usize = 1;
const P: usize = 2;
const S: usize = 3;
const X: usize = 4;
const V: usize = 5;
const E: usize = 6;

/// From each node of the inner grammar, two ways: a symbol and the node after it.
const WAYS: [[(usize, usize); 2]; 5] = [
    [(T, 1), (P, 2)],
    [(S, 1), (X, 3)],
    [(T, 2), (V, 4)],
    [(X, 2), (S, 5)],
    [(P, 3), (V, 5)],
];

/// A string, and for each of its symbols but the last those that may follow.
pub struct Text {
    pub symbols: Vec<usize>,
    pub legal: Vec<Vec<usize>>,
}

impl Text {
    /// A string drawn by chance, each way with probability ½.
    pub fn draw(rng: &mut Rng) -> Text {
        let outer = [T, P][rng.below(2)];
        let mut text = Text {
            symbols: vec![B],
            legal: Vec::new(),
        };
        text.push(outer, vec![T, P]);
        text.push(B, vec![B]);
        let mut node = 0;
        while node < WAYS.len() {
            let ways = WAYS[node];
            let (symbol, next) = ways[rng.below(2)];
            text.push(symbol, ways.map(|(symbol, _)| symbol).to_vec());
            node = next;
        }
        for symbol in [E, outer, E] {
            text.push(symbol, vec![symbol]);
        }
        text
    }

    fn push(&mut self, symbol: usize, legal: Vec<usize>) {
        self.symbols.push(symbol);
        self.legal.push(legal);
    }

    /// Whether each step puts all symbols that may follow above all others. `scores` has the scores
    /// of the 7 symbols after each symbol but the last.
    pub fn is_predicted_by<'a>(&self, scores: impl Iterator<Item = &'a [f32]>) -> bool {
        self.legal.iter().zip(scores).all(|(legal, scores)| {
            let least = legal.iter().map(|&symbol| scores[symbol]);
            let least = least.fold(f32::INFINITY, f32::min);
            (0..COUNT).all(|symbol| legal.contains(&symbol) || scores[symbol] < least)
        })
    }
}

/// Strings as x \[N, T, 7\], a 1 at each symbol, and the next symbols \[N, T\], −1 after the end.
pub fn padded(texts: &[Text]) -> (Tensor, Tensor<i64>) {
    let steps = texts.iter().map(|text| text.legal.len()).max().unwrap_or(0);
    let x = Tensor::from_fn([texts.len(), steps, COUNT], |at| {
        let symbols = &texts[at[0]].symbols;
        let here = at[1] + 1 < symbols.len() && symbols[at[1]] == at[2];
        f32::from(u8::from(here))
    });
    let next = Tensor::from_fn([texts.len(), steps], |at| {
        let symbols = &texts[at[0]].symbols;
        symbols.get(at[1] + 1).map_or(-1, |&symbol| symbol as i64)
    });
    (x, next)
}
