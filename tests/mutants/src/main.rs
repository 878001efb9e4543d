//! Reads Rust sources and writes, for each, the faults that can be planted in it.
//!
//! `crm-mutants FILE...` prints one line a fault: file, line, kind, start, end (bytes), what stands before the
//! place and what stands after it (with `@` for the number of the fault), and the change in words; separated by
//! tabs, line breaks and tabs escaped. `run.py` chooses some and writes the copy.

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Item, ReturnType, Stmt, Type};

const SWAPS: [(&str, &str); 16] = [
    ("min", "max"),
    ("first", "last"),
    ("floor", "ceil"),
    ("is_some", "is_none"),
    ("is_ok", "is_err"),
    ("any", "all"),
    ("is_some_and", "is_none_or"),
    ("checked_add", "checked_sub"),
    ("saturating_sub", "saturating_add"),
    ("wrapping_add", "wrapping_sub"),
    ("div_euclid", "rem_euclid"),
    ("is_lt", "is_le"),
    ("is_gt", "is_ge"),
    ("starts_with", "ends_with"),
    ("take", "skip"),
    ("next", "next_back"),
];

struct Finder<'a> {
    path: &'a str,
    text: &'a str,
    found: Vec<String>,
}

fn at(start: Span, end: Span) -> Range<usize> {
    start.byte_range().start..end.byte_range().end
}

impl Finder<'_> {
    fn source(&self, node: &impl Spanned) -> String {
        self.text[node.span().byte_range()].to_owned()
    }

    fn add(&mut self, kind: &str, range: Range<usize>, before: &str, after: &str, change: &str) {
        let line = self.text[..range.start].matches('\n').count() + 1;
        let escaped = [before, after, change].map(|text| {
            text.replace('\\', "\\\\")
                .replace('\n', "\\n")
                .replace('\t', "\\t")
        });
        let [before, after, change] = escaped;
        self.found.push(format!(
            "{}\t{line}\t{kind}\t{}\t{}\t{before}\t{after}\t{change}",
            self.path, range.start, range.end
        ));
    }

    /// Another expression in the place of one.
    fn other(&mut self, kind: &str, node: &impl Spanned, other: &str) {
        let change = format!("{} -> {other}", self.source(node));
        let before = format!("(if ::planted::at(@) {{ {other} }} else {{ ");
        self.add(kind, node.span().byte_range(), &before, " })", &change);
    }

    fn removed(&mut self, statement: &Stmt) {
        let change = format!("without {}", self.source(statement));
        let range = statement.span().byte_range();
        self.add("statement", range, "if !::planted::at(@) { ", " }", &change);
    }

    fn binary(&mut self, node: &syn::ExprBinary) {
        let (kind, other) = match node.op {
            BinOp::Lt(_) => ("compare", "<="),
            BinOp::Le(_) => ("compare", "<"),
            BinOp::Gt(_) => ("compare", ">="),
            BinOp::Ge(_) => ("compare", ">"),
            BinOp::Eq(_) => ("compare", "!="),
            BinOp::Ne(_) => ("compare", "=="),
            BinOp::And(_) => ("logic", "||"),
            BinOp::Or(_) => ("logic", "&&"),
            BinOp::Add(_) => ("arithmetic", "-"),
            BinOp::Sub(_) => ("arithmetic", "+"),
            BinOp::Mul(_) => ("arithmetic", "/"),
            BinOp::Div(_) => ("arithmetic", "*"),
            BinOp::Rem(_) => ("arithmetic", "/"),
            BinOp::BitAnd(_) => ("bits", "|"),
            BinOp::BitOr(_) => ("bits", "&"),
            BinOp::Shl(_) => ("bits", ">>"),
            BinOp::Shr(_) => ("bits", "<<"),
            BinOp::AddAssign(_) => ("assign", "-="),
            BinOp::SubAssign(_) => ("assign", "+="),
            BinOp::MulAssign(_) => ("assign", "/="),
            BinOp::BitOrAssign(_) => ("assign", "&="),
            _ => return,
        };
        let (left, right) = (self.source(&node.left), self.source(&node.right));
        if kind == "logic" && has_let(node) {
            return;
        }
        self.other(kind, node, &format!("{left} {other} {right}"));
    }

    fn bodies(&mut self, output: &ReturnType, block: &syn::Block) {
        let ReturnType::Type(_, output) = output else {
            return self.body(block, "()");
        };
        let name = match &**output {
            Type::Path(path) => path.path.segments.last().map(|s| s.ident.to_string()),
            Type::ImplTrait(_) | Type::Never(_) => return,
            _ => None,
        };
        let name = name.unwrap_or_default();
        match name.as_str() {
            "bool" => ["true", "false"]
                .map(|other| self.body(block, other))
                .into_iter()
                .collect(),
            "Result" => self.body(block, "Ok(Default::default())"),
            "Option" => self.body(block, "None"),
            "f64" => ["0.0", "1.0"]
                .map(|other| self.body(block, other))
                .into_iter()
                .collect(),
            _ if name.starts_with(['u', 'i']) => ["0", "1"]
                .map(|other| self.body(block, other))
                .into_iter()
                .collect(),
            _ => self.body(block, "Default::default()"),
        }
    }

    fn body(&mut self, block: &syn::Block, other: &str) {
        let start = block.brace_token.span.open().byte_range().end;
        let before = format!(" if ::planted::at(@) {{ return {other}; }} ");
        self.add(
            "body",
            start..start,
            &before,
            "",
            &format!("return {other}"),
        );
    }
}

fn has_let(node: &syn::ExprBinary) -> bool {
    let one = |side: &Expr| match side {
        Expr::Let(_) => true,
        Expr::Binary(inner) => has_let(inner),
        _ => false,
    };
    one(&node.left) || one(&node.right)
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || matches!(&attribute.meta, syn::Meta::List(list) if list.path.is_ident("cfg")
                && list.tokens.to_string().contains("test"))
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_item(&mut self, node: &'ast Item) {
        let skipped = match node {
            Item::Const(_) | Item::Static(_) | Item::Enum(_) | Item::Type(_) => true,
            Item::Mod(item) => is_test(&item.attrs),
            Item::Fn(item) => is_test(&item.attrs) || item.sig.constness.is_some(),
            // How a value looks in a debugger is not tested.
            Item::Impl(item) => {
                is_test(&item.attrs)
                    || item.trait_.as_ref().is_some_and(|(_, path, _)| {
                        path.segments
                            .last()
                            .is_some_and(|segment| segment.ident == "Debug")
                    })
            }
            _ => false,
        };
        if !skipped {
            visit::visit_item(self, node);
        }
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.bodies(&node.sig.output, &node.block);
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        if node.sig.constness.is_none() && !is_test(&node.attrs) {
            self.bodies(&node.sig.output, &node.block);
            visit::visit_impl_item_fn(self, node);
        }
    }

    fn visit_stmt(&mut self, node: &'ast Stmt) {
        let plain = match node {
            Stmt::Expr(Expr::If(expr), _) => expr.else_branch.is_none() && expr.attrs.is_empty(),
            Stmt::Expr(expr, Some(_)) => matches!(
                expr,
                Expr::MethodCall(_)
                    | Expr::Call(_)
                    | Expr::Assign(_)
                    | Expr::Continue(_)
                    | Expr::Break(_)
                    | Expr::Binary(_)
                    | Expr::Try(_)
            ),
            _ => false,
        };
        if plain {
            self.removed(node);
        }
        visit::visit_stmt(self, node);
    }

    fn visit_expr_repeat(&mut self, node: &'ast syn::ExprRepeat) {
        self.visit_expr(&node.expr);
    }

    fn visit_expr_if(&mut self, node: &'ast syn::ExprIf) {
        let plain = matches!(
            *node.cond,
            Expr::MethodCall(_) | Expr::Call(_) | Expr::Path(_) | Expr::Field(_) | Expr::Index(_)
        );
        if plain {
            let change = format!("if !({})", self.source(&node.cond));
            let range = node.cond.span().byte_range();
            self.add("condition", range, "(::planted::at(@) ^ (", "))", &change);
        }
        visit::visit_expr_if(self, node);
    }

    fn visit_expr_match(&mut self, node: &'ast syn::ExprMatch) {
        let wild = matches!(
            node.arms.last().map(|arm| &arm.pat),
            Some(syn::Pat::Wild(_))
        );
        for (i, arm) in node.arms.iter().enumerate() {
            match &arm.guard {
                Some((_, guard)) if !matches!(**guard, Expr::Let(_)) => {
                    let change = format!("without if {}", self.source(guard));
                    let range = guard.span().byte_range();
                    self.add("guard", range, "(::planted::at(@) || (", "))", &change);
                }
                None if wild && i + 1 < node.arms.len() => {
                    let end = arm.pat.span().byte_range().end;
                    let change = format!("without arm {}", self.source(&arm.pat));
                    self.add("arm", end..end, " if !::planted::at(@)", "", &change);
                }
                _ => {}
            }
        }
        visit::visit_expr_match(self, node);
    }

    fn visit_expr(&mut self, node: &'ast Expr) {
        match node {
            Expr::Binary(binary) => self.binary(binary),
            Expr::Unary(unary) if !matches!(unary.op, syn::UnOp::Deref(_)) => {
                let inner = self.source(&unary.expr);
                self.other("unary", node, &inner);
            }
            Expr::MethodCall(call) => {
                let name = call.method.to_string();
                let swap = SWAPS.iter().find_map(|&(a, b)| match name.as_str() {
                    n if n == a => Some(b),
                    n if n == b => Some(a),
                    _ => None,
                });
                if let Some(swap) = swap {
                    let start = node.span().byte_range().start;
                    let before = &self.text[start..call.method.span().byte_range().start];
                    let rest = at(call.method.span(), node.span()).start + name.len();
                    let after = &self.text[rest..node.span().byte_range().end];
                    self.other("method", node, &format!("{before}{swap}{after}"));
                }
            }
            Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Int(int),
                ..
            }) => {
                if let Ok(value) = int.base10_parse::<u128>() {
                    let up = value < 2 || node.span().byte_range().start.is_multiple_of(2);
                    let other = if up { value + 1 } else { value - 1 };
                    self.other("number", node, &format!("{other}{}", int.suffix()));
                }
            }
            _ => {}
        }
        visit::visit_expr(self, node);
    }
}

fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let file = syn::parse_file(&text).expect("Rust");
        let mut finder = Finder {
            path: &path,
            text: &text,
            found: Vec::new(),
        };
        finder.visit_file(&file);
        for line in finder.found {
            println!("{line}");
        }
    }
}
