//! Einstein's summation as a plan: an equation and shapes become a list of steps, each of which is a view, a
//! sum, or a product of two operands.
//!
//! Whoever has values carries the steps out, in order, with whatever his values are.

pub use crate::tensor::{Fold, chain};
use crate::{Shape, ShapeError};

const OP: &str = "einsum";

/// A name of an axis: a letter, or an axis that an ellipsis stands for, counted from the innermost.
type Label = u32;

/// The first label of an ellipsis.
const ELLIPSIS: Label = 256;

/// One step of a plan. Operands are numbered as they were given; a product takes the place of its left
/// factor, and its right factor is not used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The main diagonal of two axes, as a new innermost axis.
    Diagonal {
        /// The operand.
        at: usize,
        /// The axes.
        axes: [isize; 2],
    },
    /// The sum over axes, which disappear.
    Sum {
        /// The operand.
        at: usize,
        /// The axes.
        axes: Vec<isize>,
    },
    /// The axes in another order.
    Permute {
        /// The operand.
        at: usize,
        /// The order.
        axes: Vec<isize>,
    },
    /// The same elements under another shape.
    Reshape {
        /// The operand.
        at: usize,
        /// The shape.
        dims: Vec<isize>,
    },
    /// The product of matrices, of the same batch axes.
    Matmul {
        /// The left factor, and the product.
        left: usize,
        /// The right factor.
        right: usize,
    },
    /// The product of elements, broadcast.
    Multiply {
        /// The left factor, and the product.
        left: usize,
        /// The right factor.
        right: usize,
    },
}

/// What computes an equation for operands of certain shapes.
///
/// ```
/// use wengert_tensor::einsum::{Plan, Step};
/// use wengert_tensor::Shape;
/// let plan = Plan::new("ij,jk->ik", &[Shape::from([2, 3]), Shape::from([3, 4])]).unwrap();
/// assert_eq!(plan.steps, [Step::Matmul { left: 0, right: 1 }]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The operand that is the result in the end.
    pub result: usize,
}

/// An operand on its way: its labels and their lengths.
#[derive(Clone)]
struct Operand {
    at: usize,
    labels: Vec<Label>,
    dims: Vec<usize>,
}

impl Plan {
    /// The plan of an equation.
    ///
    /// The equation is NumPy's: a letter names an axis, operands are separated by commas, and what follows
    /// the arrow is the result; without an arrow it is every letter that stands once, in alphabetical order,
    /// behind the axes of the ellipsis. A letter that stands twice in one operand is its diagonal, an
    /// ellipsis stands for any axes, which broadcast, and what is not in the result is summed over. Blanks
    /// mean nothing.
    ///
    /// # Errors
    /// If the equation is none, or the shapes do not fit it.
    ///
    /// ```
    /// use wengert_tensor::{Shape, einsum::Plan};
    /// let error = Plan::new("ij,jk", &[Shape::from([2, 3]), Shape::from([4, 5])]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "einsum: `j` is 3 long and 4 long in \"ij,jk\" of [2, 3] and [4, 5]"
    /// );
    /// ```
    pub fn new(equation: &str, shapes: &[Shape]) -> Result<Self, ShapeError> {
        let refuse = |reason: String| {
            let shapes: Vec<String> = shapes.iter().map(Shape::to_string).collect();
            let of = shapes.join(" and ");
            ShapeError::new(OP, format!("{reason} in {equation:?} of {of}"))
        };
        let (mut operands, output) = parse(equation, shapes).map_err(refuse)?;
        let sizes = sizes(&operands).map_err(refuse)?;
        let mut plan = Plan {
            steps: Vec::new(),
            result: 0,
        };
        for operand in &mut operands {
            plan.prepare(operand, &sizes);
        }
        while operands.len() > 1 {
            let (i, j) = cheapest(&operands, &output);
            let right = operands.remove(j);
            let left = operands.remove(i);
            let kept = |label: &Label| {
                output.contains(label) || operands.iter().any(|other| other.labels.contains(label))
            };
            let product = plan.product(left, right, kept);
            operands.insert(i, product);
        }
        let Some(mut last) = operands.pop() else {
            return Err(refuse("there is no operand".into()));
        };
        plan.sum(&mut last, |label| output.contains(label));
        plan.permute(&mut last, &output);
        plan.result = last.at;
        Ok(plan)
    }

    /// Leaves out the axes that are stretched, and takes the diagonal of those of one name.
    fn prepare(&mut self, operand: &mut Operand, sizes: &[(Label, usize)]) {
        let stretched = |k: usize| operand.dims[k] == 1 && size(sizes, operand.labels[k]) != 1;
        let left: Vec<usize> = (0..operand.dims.len()).filter(|&k| !stretched(k)).collect();
        if left.len() < operand.dims.len() {
            operand.labels = left.iter().map(|&k| operand.labels[k]).collect();
            operand.dims = left.iter().map(|&k| operand.dims[k]).collect();
            self.reshape(operand.at, &operand.dims);
        }
        while let Some((a, b)) = twice(&operand.labels) {
            let axes = [a as isize, b as isize];
            let at = operand.at;
            self.steps.push(Step::Diagonal { at, axes });
            let (label, dim) = (operand.labels[a], operand.dims[a]);
            for axis in [b, a] {
                operand.labels.remove(axis);
                operand.dims.remove(axis);
            }
            operand.labels.push(label);
            operand.dims.push(dim);
        }
    }

    /// Sums over the labels that are not kept.
    fn sum(&mut self, operand: &mut Operand, kept: impl Fn(&Label) -> bool) {
        let gone: Vec<usize> = (0..operand.labels.len())
            .filter(|&k| !kept(&operand.labels[k]))
            .collect();
        if gone.is_empty() {
            return;
        }
        let axes = gone.iter().map(|&axis| axis as isize).collect();
        self.steps.push(Step::Sum {
            at: operand.at,
            axes,
        });
        for &axis in gone.iter().rev() {
            operand.labels.remove(axis);
            operand.dims.remove(axis);
        }
    }

    /// Brings the labels, which are those of the operand, into this order.
    fn permute(&mut self, operand: &mut Operand, labels: &[Label]) {
        if operand.labels == labels {
            return;
        }
        let place = |label: &Label| operand.labels.iter().position(|own| own == label);
        let order: Vec<usize> = labels.iter().filter_map(place).collect();
        let axes = order.iter().map(|&axis| axis as isize).collect();
        self.steps.push(Step::Permute {
            at: operand.at,
            axes,
        });
        operand.dims = order.iter().map(|&axis| operand.dims[axis]).collect();
        operand.labels = labels.to_vec();
    }

    fn reshape(&mut self, at: usize, dims: &[usize]) {
        let dims = dims.iter().map(|&dim| dim as isize).collect();
        self.steps.push(Step::Reshape { at, dims });
    }

    /// The product of two operands, without the labels that are not kept.
    fn product(
        &mut self,
        mut a: Operand,
        mut b: Operand,
        kept: impl Fn(&Label) -> bool,
    ) -> Operand {
        self.sum(&mut a, |label| kept(label) || b.labels.contains(label));
        self.sum(&mut b, |label| kept(label) || a.labels.contains(label));
        let of_a = |label: &&Label| a.labels.contains(label);
        let of_b = |label: &&Label| b.labels.contains(label);
        let list = |labels: Vec<&Label>| labels.into_iter().copied().collect::<Vec<_>>();
        let both = || a.labels.iter().filter(of_b);
        let batch = list(both().filter(|label| kept(label)).collect());
        let inner = list(both().filter(|label| !kept(label)).collect());
        let rows = list(a.labels.iter().filter(|label| !of_b(label)).collect());
        let columns = list(b.labels.iter().filter(|label| !of_a(label)).collect());
        let count = |labels: &[Label], of: &Operand| {
            let dim = |label| of.dims[of.labels.iter().position(|own| own == label).unwrap_or(0)];
            labels.iter().map(dim).product::<usize>()
        };
        let [n, k] = [&batch, &inner].map(|labels| count(labels, &a));
        let [l, r] = [count(&rows, &a), count(&columns, &b)];
        // Products of single numbers are no business of matrices.
        let elementwise = inner.is_empty() || (rows.is_empty() && columns.is_empty());
        self.permute(&mut a, &[&batch[..], &rows, &inner].concat());
        self.permute(&mut b, &[&batch[..], &inner, &columns].concat());
        let (lead, matrix) = (
            if batch.is_empty() { vec![] } else { vec![n] },
            !elementwise,
        );
        let dims = |last: [usize; 2]| [&lead[..], &last].concat();
        let flat = rows.is_empty() && columns.is_empty() && elementwise;
        if !flat {
            let middle = if matrix { k } else { 1 };
            for (operand, last) in [(&a, [l, middle]), (&b, [middle, r])] {
                if operand.dims != dims(last) {
                    self.reshape(operand.at, &dims(last));
                }
            }
        }
        let [left, right] = [a.at, b.at];
        self.steps.push(match matrix {
            true => Step::Matmul { left, right },
            false => Step::Multiply { left, right },
        });
        let mut product = Operand {
            at: a.at,
            labels: [&batch[..], &rows, &columns].concat(),
            dims: Vec::new(),
        };
        for label in &product.labels {
            let of = if a.labels.contains(label) { &a } else { &b };
            product.dims.push(count(&[*label], of));
        }
        if flat {
            product.labels.extend(&inner);
            product.dims = a.dims.clone();
            self.sum(&mut product, kept);
        } else if product.dims != dims([l, r]) {
            self.reshape(product.at, &product.dims);
        }
        product
    }
}

/// The operands with their labels, and the labels of the result; or what is wrong.
fn parse(equation: &str, shapes: &[Shape]) -> Result<(Vec<Operand>, Vec<Label>), String> {
    let text: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (text.as_str(), None),
    };
    let inputs: Vec<&str> = inputs.split(',').collect();
    if inputs.len() != shapes.len() {
        let (terms, given) = (inputs.len(), shapes.len());
        return Err(format!("{terms} terms for {given} operands"));
    }
    let mut operands = Vec::new();
    let mut most = 0;
    for (at, (term, shape)) in inputs.iter().zip(shapes).enumerate() {
        let letters = term.chars().filter(char::is_ascii_alphabetic).count();
        let dots = term.contains("...");
        let covered = match shape.rank().checked_sub(letters) {
            Some(covered) if dots || covered == 0 => covered,
            _ => return Err(format!("`{term}` does not name the axes of {shape}")),
        };
        most = most.max(covered);
        operands.push(Operand {
            at,
            labels: labels(term, covered)?,
            dims: shape.to_vec(),
        });
    }
    let all = || operands.iter().flat_map(|operand| operand.labels.iter());
    let output = match output {
        Some(output) => {
            let output = labels(output, most)?;
            if let Some((at, _)) = twice(&output) {
                return Err(format!("`{}` stands twice in the result", name(output[at])));
            }
            if let Some(stranger) = output.iter().find(|label| all().all(|own| own != *label)) {
                return Err(format!("`{}` stands in no operand", name(*stranger)));
            }
            output
        }
        None => {
            let once = |label: &Label| all().filter(|own| *own == label).count() == 1;
            let mut letters: Vec<Label> = all()
                .copied()
                .filter(|label| *label < ELLIPSIS && once(label))
                .collect();
            letters.sort_unstable();
            let mut output = labels("...", most)?;
            output.extend(letters);
            output
        }
    };
    Ok((operands, output))
}

/// The labels of a term whose ellipsis covers so many axes.
fn labels(term: &str, covered: usize) -> Result<Vec<Label>, String> {
    let mut found = Vec::new();
    let mut rest = term;
    let mut dots = false;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            if dots {
                return Err(format!("`{term}` has two ellipses"));
            }
            dots = true;
            found.extend((0..covered as Label).rev().map(|k| ELLIPSIS + k));
            rest = after;
        } else if first.is_ascii_alphabetic() {
            found.push(first as Label);
            rest = &rest[1..];
        } else {
            return Err(format!("`{first}` is no letter"));
        }
    }
    Ok(found)
}

fn name(label: Label) -> String {
    match u8::try_from(label) {
        Ok(letter) => char::from(letter).to_string(),
        Err(_) => "...".to_owned(),
    }
}

/// The length of every label; or what is wrong.
fn sizes(operands: &[Operand]) -> Result<Vec<(Label, usize)>, String> {
    let mut sizes: Vec<(Label, usize)> = Vec::new();
    for operand in operands {
        for (&label, &dim) in operand.labels.iter().zip(&operand.dims) {
            match sizes.iter_mut().find(|(own, _)| *own == label) {
                None => sizes.push((label, dim)),
                Some((_, size)) if *size == dim || dim == 1 => {}
                Some((_, size)) if *size == 1 => *size = dim,
                Some((_, size)) => {
                    let name = name(label);
                    return Err(format!("`{name}` is {size} long and {dim} long"));
                }
            }
        }
    }
    Ok(sizes)
}

fn size(sizes: &[(Label, usize)], label: Label) -> usize {
    let found = sizes.iter().find(|(own, _)| *own == label);
    found.map_or(1, |(_, size)| *size)
}

/// The first label that stands twice, and where.
fn twice(labels: &[Label]) -> Option<(usize, usize)> {
    (0..labels.len()).find_map(|b| {
        let a = labels[..b].iter().position(|label| *label == labels[b])?;
        Some((a, b))
    })
}

/// The pair whose product takes the fewest multiplications, and of these the one with the smallest result.
fn cheapest(operands: &[Operand], output: &[Label]) -> (usize, usize) {
    let mut best = ((f64::INFINITY, f64::INFINITY), (0, 1));
    for i in 0..operands.len() {
        for j in i + 1..operands.len() {
            let (a, b) = (&operands[i], &operands[j]);
            let others = || (0..operands.len()).filter(|k| *k != i && *k != j);
            let kept = |label: &Label| {
                output.contains(label) || others().any(|k| operands[k].labels.contains(label))
            };
            let (mut work, mut size) = (1.0, 1.0);
            let of_a = a.labels.iter().zip(&a.dims);
            let only_b = b
                .labels
                .iter()
                .zip(&b.dims)
                .filter(|(label, _)| !a.labels.contains(label));
            for (label, &dim) in of_a.chain(only_b) {
                let shared = a.labels.contains(label) && b.labels.contains(label);
                if kept(label) {
                    size *= dim as f64;
                }
                if kept(label) || shared {
                    work *= dim as f64;
                }
            }
            if (work, size) < best.0 {
                best = ((work, size), (i, j));
            }
        }
    }
    best.1
}
