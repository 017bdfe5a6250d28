use crate::report::{page, samples};

#[test]
fn a_small_business_on_a_page() {
    insta::assert_snapshot!(page(&samples::report()).unwrap());
}

#[test]
fn a_page_needs_nothing_else() {
    let page = page(&samples::report()).unwrap();
    for outside in ["http:", "https:", "//", "<script", "<link", "url(", "@import", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn what_people_named_is_escaped() {
    let page = page(&samples::report()).unwrap();
    assert!(page.contains("&lt;b&gt;enterprise&lt;/b&gt;") && !page.contains("<b>"));
}

#[test]
fn every_chart_has_a_title_and_its_figures() {
    let page = page(&samples::report()).unwrap();
    let count = |what: &str| page.matches(what).count();
    assert_eq!(count("<figure"), 6);
    assert_eq!(count("<figcaption><h3 id="), 6);
    assert_eq!(count("<summary>The figures</summary>"), 6);
    assert_eq!(count("role=\"img\" aria-label="), 2);
}
