//! Vocabularies of words, characters and parts of words.

use wengert_nn::data::{Alphabet, BytePairs, Specials, Unit, Vocabulary};

const PADDED: Specials = Specials {
    padding: true,
    ..Specials::NONE
};

#[test]
fn words_by_their_numbers_of_times() {
    let texts = ["b a b", "c  a\tb\nd"];
    let words = Vocabulary::words(texts, PADDED);
    assert_eq!(words.tokens(), ["b", "a", "c", "d"]);
    assert_eq!(
        (words.len(), words.padding(), words.unknown()),
        (5, Some(0), None)
    );
    assert_eq!(words.encode("d b").expect("known words"), [4, 1]);
    assert_eq!(words.decode(&[0, 4, 1, 0]), "d b");
    assert_eq!(words.decode(&[9, -1]), "<unknown> <unknown>");
    let often = Vocabulary::frequent_words(texts, Specials::ALL, 2, 9);
    assert_eq!(often.tokens(), ["b", "a"]);
    assert_eq!(often.encode("a e").expect("one is unknown"), [5, 1]);
    let few = Vocabulary::frequent_words(texts, Specials::NONE, 1, 3);
    assert_eq!(few.tokens(), ["b", "a", "c"]);
}

#[test]
fn special_tokens_are_no_text() {
    let words = Vocabulary::words(["<padding> <end> x"], Specials::ALL);
    assert_eq!(words.len(), 7);
    let numbers = words.encode("<padding> <end>").expect("known words");
    assert!(numbers.iter().all(|&number| number >= 4));
    let framed = words.framed(numbers.clone());
    assert_eq!((framed[0], framed[3]), (2, 3));
    assert_eq!(words.decode(&framed), "<padding> <end>");
    assert_eq!(PADDED.names(), ["<padding>"]);
    assert_eq!(words.token(0), Some("<padding>"));
    assert_eq!(words.token(7), None);
    let empty = Vocabulary::characters([""; 0], Specials::NONE);
    assert!(empty.is_empty() && empty.encode("").expect("nothing").is_empty());
}

#[test]
fn characters_of_any_script() {
    let letters = Vocabulary::characters(["né", "日本"], Specials::NONE);
    assert_eq!(letters.tokens(), ["n", "é", "日", "本"]);
    assert_eq!(
        letters.decode(&letters.encode("本né").expect("known")),
        "本né"
    );
    assert_eq!(
        letters.encode("n\u{301}").expect_err("a mark").token,
        "\u{301}"
    );
    assert_eq!(letters.unit(), Unit::Character);
}

#[test]
fn tokens_of_ones_own() {
    let of = |unit, tokens: &[&str]| Vocabulary::from_tokens(unit, PADDED, tokens.to_vec());
    let words = of(Unit::Word, &["b", "a"]).expect("two words");
    assert_eq!(words.number("a"), Some(2));
    assert_eq!(
        of(Unit::Word, &["b", "a", "b"]).expect_err("twice"),
        "\"b\" stands there twice"
    );
    assert_eq!(
        of(Unit::Word, &["b c"]).expect_err("two"),
        "\"b c\" is no word"
    );
    assert_eq!(
        of(Unit::Character, &["bc"]).expect_err("two"),
        "\"bc\" is no character"
    );
    let tokens = words
        .encode_tokens(["a".to_owned(), "b".to_owned()])
        .expect("known words");
    assert_eq!(tokens, [2, 1]);
}

/// The words of the paper's algorithm 1, with the space before a word in the place of its mark behind it.
#[test]
fn pairs_are_joined_as_in_the_paper() {
    let text = "low ".repeat(5) + &"lower ".repeat(2) + &"newest ".repeat(6) + &"widest ".repeat(3);
    let pairs = BytePairs::train([text.trim_end()], Alphabet::Characters, 16, Specials::NONE);
    // Eleven letters, and the five most frequent pairs: es (9), est (9), lo (7), low (7), " n" (6).
    let parts: Vec<String> = (0..pairs.len() as i64)
        .filter_map(|number| Some(String::from_utf8_lossy(pairs.part(number)?).into_owned()))
        .collect();
    let letters: String = parts[..11].concat();
    assert_eq!(letters, " deilnorstw");
    assert_eq!(parts[11..], ["es", "est", "lo", "low", " n"]);
}

/// Training again with plain counts, from scratch at each step.
fn plain(text: &str, size: usize) -> Vec<Vec<u8>> {
    // Each word with the space before it; the texts of the test have only such pieces.
    let mut words: Vec<Vec<Vec<u8>>> = Vec::new();
    for (at, word) in text.split(' ').enumerate() {
        let word = if at > 0 {
            format!(" {word}")
        } else {
            word.to_owned()
        };
        words.push(word.bytes().map(|byte| vec![byte]).collect());
    }
    let mut parts: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    while parts.len() < size {
        let place = |part: &Vec<u8>| parts.iter().position(|known| known == part).expect("known");
        let mut best = None;
        let mut counts = std::collections::BTreeMap::new();
        for word in &words {
            for pair in word.windows(2) {
                *counts
                    .entry((place(&pair[0]), place(&pair[1])))
                    .or_insert(0) += 1;
            }
        }
        for (pair, count) in counts {
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, pair));
            }
        }
        let Some((2.., (a, b))) = best else { break };
        let (a, b) = (parts[a].clone(), parts[b].clone());
        let part = [a.clone(), b.clone()].concat();
        for word in &mut words {
            let mut at = 0;
            while at + 1 < word.len() {
                if word[at] == a && word[at + 1] == b {
                    word[at] = part.clone();
                    word.remove(at + 1);
                }
                at += 1;
            }
        }
        parts.push(part);
    }
    parts
}

#[test]
fn training_is_that_of_plain_counts() {
    let mut rng = wengert_tensor::Rng::seed_from_u64(1);
    for _ in 0..5 {
        let words: Vec<String> = (0..120)
            .map(|_| {
                (0..1 + rng.below(7))
                    .map(|_| char::from(b'a' + rng.below(3) as u8))
                    .collect()
            })
            .collect();
        let text = words.join(" ");
        let expected = plain(&text, 300);
        let pairs = BytePairs::train([&text], Alphabet::Bytes, 300, Specials::NONE);
        let parts: Vec<Vec<u8>> = (0..pairs.len() as i64)
            .filter_map(|number| pairs.part(number).map(<[u8]>::to_vec))
            .collect();
        assert_eq!(parts, expected);
        let numbers = pairs.encode(&text).expect("bytes have numbers");
        assert_eq!(pairs.decode(&numbers), text);
        assert!(numbers.len() < text.len() / 2);
    }
}

#[test]
fn any_text_comes_back() {
    let train = ["the cat sat on the mat, the end."];
    let pairs = BytePairs::train(train, Alphabet::Bytes, 280, Specials::ALL);
    assert_eq!(pairs.specials(), Specials::ALL);
    for text in [
        "",
        " ",
        "the  cat\n\n sat",
        "日本 né\u{0}\r\n",
        "12the34",
        "\u{1f600} the",
    ] {
        let numbers = pairs.encode(text).expect("bytes have numbers");
        assert!(
            numbers
                .iter()
                .all(|&number| (4..pairs.len() as i64).contains(&number))
        );
        assert_eq!(pairs.decode(&pairs.framed(numbers)), text);
    }
    // What a model draws may be no text.
    assert_eq!(
        pairs.decode(&[4 + 0xff, 1, 99_999, 4 + i64::from(b'a')]),
        "\u{fffd}<unknown><unknown>a"
    );
    let letters = BytePairs::train(["aab aab"], Alphabet::Characters, 99, Specials::ALL);
    let unknown = letters.unknown().expect("all specials");
    let numbers = letters
        .encode("aaxab")
        .expect("there is a number for what is unknown");
    assert_eq!(letters.decode(&numbers), "aa<unknown>ab");
    assert_eq!(
        numbers.iter().filter(|&&number| number == unknown).count(),
        1
    );
    let strict = BytePairs::train(["ab"], Alphabet::Characters, 99, Specials::NONE);
    assert_eq!(strict.encode("ab\nyx").expect_err("unknown").token, "\n");
}

/// A piece of a million letters takes a moment, and not the square of one.
#[test]
fn long_pieces_are_quick() {
    let pairs = BytePairs::train(
        ["aaaa aaaa abab abab"],
        Alphabet::Bytes,
        262,
        Specials::NONE,
    );
    let text = "ab".repeat(500_000);
    let numbers = pairs.encode(&text).expect("bytes have numbers");
    assert_eq!(pairs.decode(&numbers), text);
    let long = BytePairs::train([text], Alphabet::Bytes, 300, Specials::NONE);
    assert!(long.len() < 300, "parts stay shorter than 64 KiB");
}

#[cfg(feature = "files")]
mod json {
    use super::*;
    use crate::hostile::{Folder, cut_everywhere, flip_everywhere};

    fn pairs() -> BytePairs {
        BytePairs::train(["low low lower"], Alphabet::Characters, 12, Specials::ALL)
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = Folder::new("json");
        let path = folder.0.join("words.json");
        let words = Vocabulary::words(["né \"x\" \\ é"], PADDED);
        words.save(&path).expect("a file");
        assert_eq!(Vocabulary::load(&path).expect("a file"), words);
        let letters = Vocabulary::characters(["a\n\u{0}\"日"], Specials::ALL);
        assert_eq!(
            Vocabulary::from_json(&letters.to_json()).expect("its JSON"),
            letters
        );
        let error = BytePairs::load(&path).expect_err("another kind");
        let told = format!("{}: it is no file of a byte pairs", path.display());
        assert_eq!(error.to_string(), told);
        for pairs in [
            pairs(),
            BytePairs::train(["aaaa"], Alphabet::Bytes, 300, PADDED),
        ] {
            pairs.save(&path).expect("a file");
            let back = BytePairs::load(&path).expect("a file");
            assert_eq!(back, pairs);
            assert_eq!(back.encode("lolow"), pairs.encode("lolow"));
        }
        let error = Vocabulary::load(&folder.0).expect_err("a folder");
        assert!(error.to_string().ends_with("it is a folder"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, told) in [
            ("", "no JSON: EOF while parsing a value"),
            ("[]", "there is no object in it"),
            ("{\"wengert\": 1}", "it is no file of a vocabulary"),
            ("{\"wengert\": \"vocabulary\"}", "\"unit\" is missing"),
            (
                r#"{"wengert":"vocabulary","unit":"x","specials":[],"tokens":[]}"#,
                "\"unit\" is neither",
            ),
            (
                r#"{"wengert":"vocabulary","unit":"word","specials":["end","end"],"tokens":[]}"#,
                "\"end\" is none, or stands there twice",
            ),
            (
                r#"{"wengert":"vocabulary","unit":"word","specials":[],"tokens":["a",1]}"#,
                "\"tokens\": number 1 is no text",
            ),
            (
                r#"{"wengert":"vocabulary","unit":"word","specials":[],"tokens":["a","a"]}"#,
                "\"tokens\": \"a\" stands there twice",
            ),
            (
                r#"{"wengert":"vocabulary","unit":"word","specials":[],"tokens":[],"x":1}"#,
                "\"x\" is nothing that a vocabulary has",
            ),
            (
                r#"{"wengert":"vocabulary","unit":"word","specials":[],"tokens":["a"],"tokens":[]}"#,
                "line 1, column 75: \"tokens\" stands there twice",
            ),
            ("{\"wengert\" 1}", "no JSON: expected `:`"),
            ("[1", "no JSON: EOF while parsing a list"),
        ] {
            let error = Vocabulary::from_json(json).expect_err(json).to_string();
            assert!(error.contains(told), "{json}: {error}");
        }
        let with = |alphabet: &str, pairs: &str| {
            let json = format!(
                "{{\"wengert\":\"byte pairs\",\"alphabet\":{alphabet},\"specials\":[],\"pairs\":{pairs}}}"
            );
            BytePairs::from_json(&json).expect_err(&json).to_string()
        };
        let letters = r#"["a","b"]"#;
        assert!(with("[\"ab\"]", "[]").contains("\"ab\" is no character"));
        assert!(with("[\"a\",\"a\"]", "[]").contains("stands there twice"));
        assert!(with(letters, "[[0]]").contains("number 0 is no pair"));
        assert!(with(letters, "[[0,-1]]").contains("number 0 is no pair"));
        assert!(with(letters, "[[0,2]]").contains("do not come before it"));
        assert!(with(letters, "[[0,1],[0,1]]").contains("pair 1 was joined before"));
        let doublings: Vec<String> = (0..60)
            .map(|at| {
                let part = if at == 0 { 0 } else { at + 1 };
                format!("[{part},{part}]")
            })
            .collect();
        let bomb = with(letters, &format!("[{}]", doublings.join(",")));
        assert!(bomb.contains("longer than words are"), "{bomb}");
        let deep = "[".repeat(100_000);
        assert!(Vocabulary::from_json(&deep).is_err());
    }

    #[test]
    fn every_beginning_is_refused_and_every_byte_is_survived() {
        let words = Vocabulary::words(["a né"], Specials::ALL);
        let read = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => Vocabulary::from_json(text).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        cut_everywhere(words.to_json().as_bytes(), &words, read, |_, cut| {
            assert!(cut.is_err())
        });
        flip_everywhere(words.to_json().as_bytes(), read, |_, _, _| {});
        let read = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => BytePairs::from_json(text).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        cut_everywhere(pairs().to_json().as_bytes(), &pairs(), read, |_, cut| {
            assert!(cut.is_err())
        });
        flip_everywhere(pairs().to_json().as_bytes(), read, |_, _, flipped| {
            if let Ok(pairs) = flipped {
                let _ = pairs.encode("low").map(|numbers| pairs.decode(&numbers));
            }
        });
    }
}
