use crate::{
    Tree, TreeExt, W,
    fields::{Linear, linear},
    paths,
};

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Norm<P = W> {
    #[tree(rename = "gamma")]
    scale: P,
    #[tree(state, rename = "running")]
    mean: Option<P>,
    #[tree(state)]
    inner: Linear<P>,
    r#type: P,
}

#[derive(Tree, Clone, Debug, PartialEq)]
#[tree(crate = "crate")]
struct Renamed<P>(#[tree(rename = "first")] P, #[tree(state)] Vec<P>);

fn norm() -> Norm {
    Norm {
        scale: W(1),
        mean: Some(W(2)),
        inner: linear(3, Some(4)),
        r#type: W(5),
    }
}

#[test]
fn names() {
    let expected = ["gamma", "running", "inner.weight", "inner.bias", "type"];
    assert_eq!(paths(&norm()), expected);
    assert_eq!(paths(&Renamed(W(1), vec![W(2)])), ["first", "1.0"]);
}

#[test]
fn state_reaches_down_and_ends() {
    let mut state = Vec::new();
    (norm(), W(0)).visit_tree(|path, _| state.push(path.is_state()));
    assert_eq!(state, [false, true, true, true, false, false]);
}

#[test]
fn the_path_is_restored() {
    let mut path = crate::tree::Path::new();
    let model = vec![norm()];
    path.field("model", |path| {
        let mut first = None;
        model.visit_leaves(path, &mut |path, _| {
            first.get_or_insert_with(|| path.to_string());
        });
        assert_eq!(first.as_deref(), Some("model.0.gamma"));
        let shorter: Vec<Norm<i32>> = Vec::new();
        let error = model.zip_leaves(&shorter, path, &mut |_, _, _| ());
        let text = error.unwrap_err().to_string();
        assert_eq!(text, "the trees differ at `model`: length 1 beside 0");
        assert_eq!(path.as_str(), "model");
    });
    assert_eq!((path.as_str(), path.is_state()), ("", false));
}
