//! The map from paths to names: containers, models of the user's, and what does not fit.

use super::*;

/// The parts of a model stand under its own names, and are numbered where PyTorch numbers them.
#[test]
fn names_of_containers() {
    let rng = &mut rng();
    let model = (
        (
            Linear::new(3, 4, rng),
            Relu,
            Linear::new(4, 2, rng).without_bias(),
        ),
        vec![PRelu::new(2)],
        Some(Box::new(Bilinear::new(2, 3, 4, rng))),
    );
    let mut map = TorchMap::new();
    map.part("", "module", &model);
    let names = [
        "module.0.0.bias",
        "module.0.0.weight",
        "module.0.2.weight",
        "module.1.0.weight",
        "module.2.bias",
        "module.2.weight",
    ];
    assert_eq!(map.names(), names);
    let mut written = Vec::new();
    map.save_to(&model, &mut written).expect("saved");
    let back = arrays(&written);
    assert_eq!(back["module.0.0.weight"].1, [4, 3]);
    assert_eq!(back["module.2.weight"].1, [4, 2, 3]);
    let mut other = model.clone();
    other.0.0 = Linear::new(3, 4, rng);
    map.load_from(&mut other, &written[..]).expect("loaded");
    assert_eq!(bits(&other), bits(&model));
}

#[test]
fn users_extend_the_map() {
    // Gates in another order, axes in another, and something of one's own.
    let model = (
        Tensor::from([[1.0_f64, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        Tensor::from_fn([2, 3, 4], |i| (100 * i[0] + 10 * i[1] + i[2]) as f64),
        Tensor::from([0.5_f64, 2.0]),
    );
    let mut map = TorchMap::new();
    map.below("", "net", |map| {
        map.add(
            "0",
            Rule::of("gates")
                .blocks(1, &[2, 0, 1])
                .transposed()
                .transposed(),
        );
        map.add("1", Rule::of("kernel").permuted(&[2, 0, 1]));
        map.add("2", Rule::of("log_scale").with(|x| x.exp(), |x| x.ln()));
        map.add_constant("steps", files::Value::of(&Tensor::from([3i64])));
    });
    let mut written = Vec::new();
    map.save_to(&model, &mut written).expect("saved");
    let back = arrays(&written);
    let gates = Tensor::from([[2.0, 3.0, 1.0], [5.0, 6.0, 4.0]]);
    assert_eq!(back["net.gates"], array(&gates));
    // Here axis 0 is their axis 2.
    assert_eq!(back["net.kernel"].1, [3, 4, 2]);
    assert_eq!(back["net.kernel"], array(&model.1.permute(&[1, 2, 0])));
    assert_eq!(back["net.log_scale"], array(&model.2.ln()));
    assert_eq!(back["net.steps"].0, Dtype::I64);
    let mut other = (
        Tensor::zeros([2, 3]),
        Tensor::zeros([2, 3, 4]),
        Tensor::zeros([2]),
    );
    map.load_from(&mut other, &written[..]).expect("loaded");
    assert_eq!((&other.0, &other.1), (&model.0, &model.1));
    assert!(other.2.allclose(&model.2, 0.0, 1e-15));
}

#[test]
fn what_does_not_fit_is_named() {
    let folder = Folder::new();
    let path = folder.join("a.safetensors");
    let model = Lstm::new(3, 4, &mut rng()).cast::<f64>();
    let there = |change: &dyn Fn(&mut Tensors)| {
        let mut written = Vec::new();
        TorchMap::of(&model)
            .save_to(&model, &mut written)
            .expect("saved");
        let mut tensors = arrays(&written);
        change(&mut tensors);
        std::fs::write(&path, bytes(&tensors)).expect("a file");
        let mut other = Lstm::new(3, 4, &mut Rng::seed_from_u64(9)).cast::<f64>();
        let before = bits(&other);
        let error = torch::load(&mut other, &path)
            .expect_err("a refusal")
            .to_string();
        assert_eq!(bits(&other), before);
        error
    };
    let error = there(&|all| drop(all.remove("bias_hh_l0")));
    assert!(
        error.ends_with("the file does not have `bias_ih_l0` and `bias_hh_l0`"),
        "{error}"
    );
    let error = there(&|all| {
        let more = all["bias_hh_l0"].clone();
        all.insert("bias_hh_l1".to_owned(), more);
    });
    assert!(
        error.ends_with("the model does not have `bias_hh_l1`"),
        "{error}"
    );
    let error = there(&|all| all.get_mut("weight_ih_l0").expect("weights").1 = vec![3, 16]);
    let says = "`layers.0.forward.wx` is f64 [3, 16] in the model and f64 [16, 3] in the file";
    assert!(error.ends_with(says), "{error}");
    let error = there(&|all| all.get_mut("weight_ih_l0").expect("weights").1 = vec![48]);
    assert!(
        error.contains("(not of 2 axes) f64 [48] in the file"),
        "{error}"
    );
    let error = there(&|all| all.get_mut("bias_ih_l0").expect("a bias").1 = vec![4, 4]);
    assert!(
        error.contains("(a sum of [4, 4] and [16]) f64 [4, 4] in the file"),
        "{error}"
    );

    let attention = MultiHeadAttention::new(4, 2, &mut rng());
    let mut written = Vec::new();
    let map = TorchMap::of(&attention);
    map.save_to(&attention, &mut written).expect("saved");
    let mut tensors = arrays(&written);
    tensors.get_mut("in_proj_weight").expect("weights").1 = vec![16, 3];
    let error = map.load_from(&mut attention.clone(), &bytes(&tensors)[..]);
    let error = error.expect_err("a refusal").to_string();
    assert!(
        error.contains("(not 3 equal parts) f32 [16, 3] in the file"),
        "{error}"
    );

    // Leaves without a name, parts that are not all there, names that are taken.
    let relative = MultiHeadAttention::new(4, 2, &mut rng()).with_relative(3);
    let error = torch::save(&relative, &path)
        .expect_err("a refusal")
        .to_string();
    assert!(
        error.contains("`relative.table` has no name in PyTorch"),
        "{error}"
    );
    let peepholes = LstmOptions::of_1997();
    let cell = LstmVariantCell::with_options(2, 2, peepholes, &mut rng());
    let error = torch::save(&cell, &path)
        .expect_err("a refusal")
        .to_string();
    assert!(error.contains("`wx` has no name in PyTorch"), "{error}");
    let pair = (Tensor::<f32>::zeros([2]), Tensor::<f32>::zeros([3]));
    let refuse = |rules: [Rule; 2], says: &str| {
        let mut map = TorchMap::new();
        let [first, second] = rules;
        map.add("0", first);
        map.add("1", second);
        let error = map.save_to(&pair, std::io::sink()).expect_err("a refusal");
        assert_eq!(error.to_string(), says);
    };
    refuse([Rule::of("a"), Rule::of("a")], "two leaves are called `a`");
    let parts = [Rule::part_of("a", 0, 3), Rule::part_of("a", 1, 3)];
    refuse(parts, "the parts of `a` are not all there, or differ");
    let parts = [Rule::part_of("a", 0, 2), Rule::part_of("a", 1, 2)];
    refuse(parts, "the parts of `a` are not all there, or differ");
    let odd = [Rule::of("a"), Rule::of("b").transposed()];
    refuse(odd, "`1` is f32 [3], which is not of 2 axes");
    let odd = [Rule::of("a").blocks(0, &[0, 0]), Rule::of("b")];
    refuse(odd, "`0` is f32 [2], which is not to be ordered by [0, 0]");
}

/// Options are those of any other file.
#[test]
fn options_count_here_too() {
    let folder = Folder::new();
    let path = folder.join("a.safetensors");
    let model = (Linear::new(2, 3, &mut rng()),);
    torch::save(&model, &path).expect("saved");
    let mut more = (Linear::new(2, 3, &mut rng()), Linear::new(3, 1, &mut rng()));
    let map = TorchMap::of(&more);
    assert!(map.load(&mut more, &path).is_err());
    let options = LoadOptions::new().allow_missing();
    let report = map.load_with(options, &mut more, &path).expect("loaded");
    assert_eq!(report.missing, ["1.weight", "1.bias"]);
    assert_eq!(more.0.weight, model.0.weight);
}
