//! Notes as PDF: real text in Helvetica on letter-size pages.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

const WIDTH: f32 = 612.0;
const HEIGHT: f32 = 792.0;
const MARGIN: f32 = 64.0;
const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// Widths of the printable ASCII characters in Helvetica, in thousandths of the font size.
static WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// One line as set: font, size, indent, text.
struct Line {
    font: Name<'static>,
    size: f32,
    indent: f32,
    before: f32,
    text: String,
}

/// The document as PDF bytes.
pub fn render(title: &str, head: &[(&str, String)], text: &str) -> Vec<u8> {
    let lines = layout(title, head, text);
    let pages = paginate(&lines);
    let (catalog, tree, regular, bold) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let page_ids: Vec<(Ref, Ref)> =
        (0..).map(|at| (Ref::new(10 + at * 2), Ref::new(11 + at * 2))).take(pages.len()).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree)
        .kids(page_ids.iter().map(|ids| ids.0))
        .count(i32::try_from(pages.len()).unwrap_or(i32::MAX));
    for (ids, content) in page_ids.iter().zip(pages) {
        let mut page = pdf.page(ids.0);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(ids.1);
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        fonts.pair(REGULAR, regular);
        fonts.pair(BOLD, bold);
        fonts.finish();
        resources.finish();
        page.finish();
        pdf.stream(ids.1, &content.finish());
    }
    pdf.type1_font(regular).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.type1_font(bold).base_font(Name(b"Helvetica-Bold")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.finish()
}

fn layout(title: &str, head: &[(&str, String)], text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let hospital = crate::sandbox::hospital::staff::HOSPITAL.name;
    set(&mut lines, REGULAR, 9.0, 0.0, 0.0, hospital);
    set(&mut lines, BOLD, 16.0, 0.0, 8.0, title);
    for (name, value) in head {
        set(&mut lines, REGULAR, 9.5, 0.0, 1.0, &format!("{name}: {value}"));
    }
    for line in text.lines() {
        let line = line.trim();
        if let Some(heading) = line.strip_prefix("## ") {
            set(&mut lines, BOLD, 11.5, 0.0, 9.0, heading);
        } else if let Some(item) = line.strip_prefix("- ") {
            set(&mut lines, REGULAR, 10.5, 12.0, 1.0, &format!("\u{2022} {item}"));
        } else if !line.is_empty() {
            set(&mut lines, REGULAR, 10.5, 0.0, 3.0, line);
        }
    }
    lines
}

/// Breaks `text` into lines that fit.
fn set(lines: &mut Vec<Line>, font: Name<'static>, size: f32, indent: f32, before: f32, text: &str) {
    let room = WIDTH - 2.0 * MARGIN - indent;
    let mut current = String::new();
    let mut space = before;
    for word in text.split_whitespace() {
        let longer = if current.is_empty() { word.to_owned() } else { format!("{current} {word}") };
        if !current.is_empty() && width(&longer, size) > room {
            lines.push(Line {
                font,
                size,
                indent,
                before: space,
                text: std::mem::replace(&mut current, word.to_owned()),
            });
            space = 0.0;
        } else {
            current = longer;
        }
    }
    lines.push(Line { font, size, indent, before: space, text: current });
}

fn width(text: &str, size: f32) -> f32 {
    let units: u32 = text
        .chars()
        .map(|c| (c as usize).checked_sub(32).and_then(|at| WIDTHS.get(at)).copied().map_or(556, u32::from))
        .sum();
    // Bold is a little wider; the margin of safety covers it.
    #[expect(clippy::cast_precision_loss, reason = "a line has far fewer than 2^24 units")]
    let units = units as f32;
    units * size / 1000.0 * 1.04
}

fn paginate(lines: &[Line]) -> Vec<Content> {
    let mut pages = vec![Content::new()];
    let mut y = HEIGHT - MARGIN;
    for line in lines {
        let leading = line.size * 1.35;
        y -= line.before + leading;
        if y < MARGIN {
            pages.push(Content::new());
            y = HEIGHT - MARGIN - leading;
        }
        if let Some(page) = pages.last_mut() {
            page.begin_text();
            page.set_font(line.font, line.size);
            page.next_line(MARGIN + line.indent, y);
            page.show(Str(&win_ansi(&line.text)));
            page.end_text();
        }
    }
    pages
}

/// The text in Windows-1252, which the fonts use; what it lacks becomes a question mark.
fn win_ansi(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2022}' => out.push(0x95),
            '\u{2013}' => out.push(0x96),
            '\u{2014}' => out.push(0x97),
            '\u{2019}' => out.push(0x92),
            '\u{2265}' => out.extend_from_slice(b">="),
            '\u{2264}' => out.extend_from_slice(b"<="),
            _ => out.push(u8::try_from(u32::from(c)).unwrap_or(b'?')),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_takes_more_than_one_page_and_keeps_its_words() {
        let text = "## Course\nThe child did well overnight and ate breakfast.\n".repeat(60);
        let bytes = render("Discharge summary", &[("MRN", "1".into())], &text);
        assert!(bytes.starts_with(b"%PDF-"));
        let found = |needle: &[u8]| bytes.windows(needle.len()).filter(|w| *w == needle).count();
        assert!(found(b"/Type /Page\n") >= 2);
        assert!(found(b"ate breakfast") == 60);
    }

    #[test]
    fn lines_fit_the_page() {
        let mut lines = Vec::new();
        set(&mut lines, REGULAR, 10.5, 0.0, 0.0, &"wheeze and crackles at the right base ".repeat(20));
        assert!(lines.len() > 5);
        assert!(lines.iter().all(|line| width(&line.text, line.size) <= WIDTH - 2.0 * MARGIN));
    }
}
