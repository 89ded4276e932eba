//! The papers that an applicant prints, as PDF in Helvetica on letter-size pages: the agreements, filled in, and the fax cover sheet.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

use super::RegistrationSettings;
use super::barcode;
use crate::domain::provider_registration::ProviderRegistration;

const WIDTH: f32 = 612.0;
const HEIGHT: f32 = 792.0;
const MARGIN: f32 = 72.0;
const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// Which paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// Document A (S-12).
    Certification,
    /// Document C (S-14).
    Sponsorship,
    /// What goes before the documents on the fax (S-11).
    FaxCover,
}

impl Paper {
    /// The paper of a word in a URL.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "certification" => Some(Self::Certification),
            "sponsorship" => Some(Self::Sponsorship),
            "fax" => Some(Self::FaxCover),
            _ => None,
        }
    }
}

/// The practice as papers print it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letterhead {
    /// Name.
    pub name: String,
    /// Postal address.
    pub address: String,
    /// Telephone.
    pub phone: String,
}

const CERTIFICATION: &str = "I certify that I am licensed to practise as stated above, that the National Provider Identifier above is mine, and that what I said in my registration is true and complete.\n\n\
I will open a patient\u{2019}s record at {hospital} only to treat that patient, to coordinate the patient\u{2019}s care, or where the law otherwise allows it. I will look at no more than I need.\n\n\
My account is mine alone. I will not let anybody else use it, and I will keep my password and second factor to myself. I know that each access is recorded and that families can see who looked.\n\n\
I will protect what I read as state and federal law demands, the privacy and security rules under HIPAA among them, and I will tell {hospital} at once when I learn of access or disclosure that should not have happened.\n\n\
I will tell {hospital} when I leave the practice named above or when my licence changes. {hospital} may suspend or end my access at any time.";

const SPONSORSHIP: &str = "I ask for the privilege to sponsor staff of the practice named above, so that they can open the records of patients whom we care for.\n\n\
I will sponsor only people who work under my direction and need access for their work. Each of them has an account of their own and shares it with nobody.\n\n\
I am responsible for what those whom I sponsor do with their access. I will instruct them about privacy before they begin and see to it that they keep to the agreement that I signed for myself.\n\n\
I will remove a person on the day on which they leave the practice or no longer need access, and I will confirm the list of those whom I sponsor whenever {hospital} asks me to.\n\n\
{hospital} may suspend or end a sponsorship, or this privilege, at any time.";

/// A page in the making.
struct Sheet {
    content: Content,
    done: Vec<Content>,
    y: f32,
}

impl Sheet {
    fn new() -> Self {
        Self { content: Content::new(), done: Vec::new(), y: HEIGHT - MARGIN }
    }

    fn room(&mut self, height: f32) {
        self.y -= height;
        if self.y < MARGIN {
            self.done.push(std::mem::replace(&mut self.content, Content::new()));
            self.y = HEIGHT - MARGIN - height;
        }
    }

    fn line(&mut self, font: Name<'static>, size: f32, x: f32, text: &str) {
        self.content.begin_text();
        self.content.set_font(font, size);
        self.content.next_line(x, self.y);
        self.content.show(Str(&win_ansi(text)));
        self.content.end_text();
    }

    /// A paragraph, broken into lines that fit.
    fn text(&mut self, font: Name<'static>, size: f32, before: f32, text: &str) {
        self.room(before);
        for line in broken(text, size) {
            self.room(size * 1.4);
            self.line(font, size, MARGIN, &line);
        }
    }

    /// A rule to write on, with what belongs there below it.
    fn rule(&mut self, x: f32, width: f32, label: &str) {
        self.content.set_line_width(0.7);
        self.content.move_to(x, self.y);
        self.content.line_to(x + width, self.y);
        self.content.stroke();
        self.content.begin_text();
        self.content.set_font(REGULAR, 8.5);
        self.content.next_line(x, self.y - 11.0);
        self.content.show(Str(&win_ansi(label)));
        self.content.end_text();
    }

    /// The reference in bars, with the quiet zone that readers need.
    fn bars(&mut self, reference: &str, module: f32, height: f32) {
        self.room(height + 8.0);
        let mut x = MARGIN + 10.0 * module;
        for dark in barcode::modules(reference) {
            if dark {
                self.content.rect(x, self.y, module, height);
            }
            x += module;
        }
        self.content.fill_nonzero();
        self.room(16.0);
        self.line(BOLD, 13.0, MARGIN + 10.0 * module, reference);
    }

    fn letterhead(&mut self, head: &Letterhead) {
        self.text(BOLD, 17.0, 0.0, &head.name);
        self.text(REGULAR, 10.0, 1.0, &head.address);
        self.text(REGULAR, 10.0, 0.0, &head.phone);
        self.room(10.0);
        self.rule(MARGIN, WIDTH - 2.0 * MARGIN, "");
    }

    fn finish(mut self, title: &str) -> Vec<u8> {
        self.done.push(self.content);
        let (catalog, tree, info) = (Ref::new(1), Ref::new(2), Ref::new(5));
        let fonts = [(REGULAR, Ref::new(3), &b"Helvetica"[..]), (BOLD, Ref::new(4), b"Helvetica-Bold")];
        let ids: Vec<_> =
            (0..).map(|at| (Ref::new(10 + at * 2), Ref::new(11 + at * 2))).take(self.done.len()).collect();
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        pdf.document_info(info).title(pdf_writer::TextStr(title));
        let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(ids.iter().map(|ids| ids.0)).count(count);
        for (ids, content) in ids.iter().zip(self.done) {
            let mut page = pdf.page(ids.0);
            page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(ids.1);
            let mut resources = page.resources();
            let mut names = resources.fonts();
            for (name, id, _) in &fonts {
                names.pair(*name, *id);
            }
            names.finish();
            resources.finish();
            page.finish();
            pdf.stream(ids.1, &content.finish());
        }
        for (_, id, base) in fonts {
            pdf.type1_font(id).base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        pdf.finish()
    }
}

/// The paper, filled in. `date` is the day as printed.
pub fn print(
    paper: Paper,
    registration: &ProviderRegistration,
    head: &Letterhead,
    settings: &RegistrationSettings,
    hospital: &str,
    date: &str,
) -> Vec<u8> {
    match paper {
        Paper::Certification => {
            let text = settings.certification.as_deref().unwrap_or(CERTIFICATION);
            agreement("A", "Certification and Agreement", text, registration, head, hospital, date)
        }
        Paper::Sponsorship => {
            let text = settings.sponsorship.as_deref().unwrap_or(SPONSORSHIP);
            agreement("C", "Sponsorship Agreement", text, registration, head, hospital, date)
        }
        Paper::FaxCover => fax_cover(registration, head, settings, hospital, date),
    }
}

fn agreement(
    letter: &str,
    title: &str,
    text: &str,
    registration: &ProviderRegistration,
    head: &Letterhead,
    hospital: &str,
    date: &str,
) -> Vec<u8> {
    let answers = &registration.answers;
    let mut sheet = Sheet::new();
    sheet.letterhead(head);
    sheet.text(REGULAR, 10.0, 10.0, &format!("To {hospital}, clinician portal"));
    sheet.text(BOLD, 15.0, 8.0, title);
    sheet.text(REGULAR, 9.5, 1.0, &format!("Document {letter}, registration {}", registration.reference));
    sheet.text(REGULAR, 10.5, 10.0, &format!("Name: {}", answers.printed_name()));
    let npi = answers.checked_npi().map(|npi| npi.to_string()).unwrap_or_default();
    sheet.text(REGULAR, 10.5, 1.0, &format!("National Provider Identifier: {npi}"));
    sheet.text(REGULAR, 10.5, 1.0, &format!("Practice: {}", head.name));
    sheet.text(
        REGULAR,
        10.5,
        1.0,
        &format!("E-mail: {}   Telephone: {}", answers.email.trim(), answers.phone.trim()),
    );
    for paragraph in text.split("\n\n") {
        sheet.text(REGULAR, 10.5, 8.0, &paragraph.replace("{hospital}", hospital));
    }
    sheet.room(52.0);
    sheet.rule(MARGIN, 290.0, &format!("Signature of {}", answers.printed_name()));
    sheet.rule(MARGIN + 320.0, 140.0, "Date");
    sheet.room(12.0);
    sheet.text(REGULAR, 8.0, 12.0, &format!("Printed {date}"));
    sheet.finish(title)
}

fn fax_cover(
    registration: &ProviderRegistration,
    head: &Letterhead,
    settings: &RegistrationSettings,
    hospital: &str,
    date: &str,
) -> Vec<u8> {
    let mut sheet = Sheet::new();
    sheet.letterhead(head);
    sheet.text(BOLD, 24.0, 14.0, "Fax");
    sheet.text(REGULAR, 12.0, 8.0, &format!("To: {hospital}, provider registration"));
    sheet.text(
        BOLD,
        16.0,
        4.0,
        &format!("Fax number: {}", settings.fax.as_deref().unwrap_or("ask the hospital")),
    );
    sheet.text(REGULAR, 12.0, 8.0, &format!("From: {}, {}", registration.answers.printed_name(), head.name));
    sheet.text(REGULAR, 12.0, 2.0, &format!("Telephone: {}", registration.answers.phone.trim()));
    sheet.text(REGULAR, 12.0, 2.0, &format!("Date: {date}"));
    sheet.text(REGULAR, 12.0, 12.0, "Lay this page on top of the documents that you send:");
    let wants = registration.answers.wants_sponsorship();
    for kind in crate::domain::provider_registration::DocumentKind::required(wants) {
        let name = crate::words::say(
            crate::domain::language::Language::En,
            crate::mail::letters::registration::document_key(kind),
        );
        sheet.text(REGULAR, 12.0, 3.0, &format!("[   ]  {}: {name}", kind.letter()));
    }
    sheet.text(REGULAR, 12.0, 14.0, "Registration:");
    // 2 points a module: some 0.7 mm, wide enough for a fax at standard resolution.
    sheet.bars(&registration.reference, 2.0, 60.0);
    sheet.text(REGULAR, 9.5, 24.0, "This fax is confidential and meant for the addressee alone. If it reached you by mistake, call the sender and destroy it.");
    sheet.finish("Fax cover sheet")
}

/// The text in lines that fit. Widths are those of Helvetica, on the safe side for what is not counted.
fn broken(text: &str, size: f32) -> Vec<String> {
    let room = (WIDTH - 2.0 * MARGIN) / size * 1000.0;
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in text.split_whitespace() {
        let longer = if current.is_empty() { word.to_owned() } else { format!("{current} {word}") };
        if width(&longer) <= room {
            current = longer;
            continue;
        }
        if !current.is_empty() {
            lines.push(std::mem::take(&mut current));
        }
        for c in word.chars() {
            if width(&current) + 1000.0 > room {
                lines.push(std::mem::take(&mut current));
            }
            current.push(c);
        }
    }
    lines.push(current);
    lines
}

fn width(text: &str) -> f32 {
    text.chars()
        .map(|c| match c {
            ' ' | '.' | ',' | ':' | ';' | '!' | 'i' | 'j' | 'l' | 'I' | 'f' | 't' | '\'' => 278.0,
            'm' | 'M' | 'W' | '%' | '@' | 'w' => 900.0,
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => 556.0,
            _ => 740.0,
        })
        .sum()
}

/// The text in Windows-1252, which the fonts use. A letter that it lacks loses its marks where that is known, else becomes a
/// question mark.
fn win_ansi(text: &str) -> Vec<u8> {
    const HIGH: [(char, u8); 16] = [
        ('\u{20ac}', 0x80),
        ('\u{160}', 0x8a),
        ('\u{161}', 0x9a),
        ('\u{17d}', 0x8e),
        ('\u{17e}', 0x9e),
        ('\u{152}', 0x8c),
        ('\u{153}', 0x9c),
        ('\u{178}', 0x9f),
        ('\u{2018}', 0x91),
        ('\u{2019}', 0x92),
        ('\u{201c}', 0x93),
        ('\u{201d}', 0x94),
        ('\u{2022}', 0x95),
        ('\u{2013}', 0x96),
        ('\u{2014}', 0x97),
        ('\u{2026}', 0x85),
    ];
    const BARE: [(&str, u8); 17] = [
        ("ćčĉċ", b'c'),
        ("ĆČĈĊ", b'C'),
        ("łĺľļ", b'l'),
        ("ŁĹĽĻ", b'L'),
        ("ńňņ", b'n'),
        ("ŃŇŅ", b'N'),
        ("śşș", b's'),
        ("ŚŞȘ", b'S'),
        ("źż", b'z'),
        ("ŹŻ", b'Z'),
        ("ąăā", b'a'),
        ("ęěēė", b'e'),
        ("ğģ", b'g'),
        ("řŕ", b'r'),
        ("ťţț", b't'),
        ("őō", b'o'),
        ("űůū", b'u'),
    ];
    let byte = |c: char| {
        let code = u32::from(c);
        if (0x20..0x7f).contains(&code) || (0xa0..=0xff).contains(&code) {
            return u8::try_from(code).unwrap_or(b'?');
        }
        let high = HIGH.iter().find(|(known, _)| *known == c).map(|(_, byte)| *byte);
        let bare = || BARE.iter().find(|(letters, _)| letters.contains(c)).map(|(_, byte)| *byte);
        high.or_else(bare).unwrap_or(b'?')
    };
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Timestamp;
    use crate::domain::ids::ProviderRegistrationId;
    use crate::domain::language::Language;
    use crate::domain::provider_registration::{Answers, RegistrationState};

    fn registration() -> ProviderRegistration {
        ProviderRegistration {
            id: ProviderRegistrationId::parse("r").unwrap(),
            reference: "AB23CD45".into(),
            state: RegistrationState::Sent,
            language: Language::En,
            answers: Answers {
                name: "José Ñandú".into(),
                credential: "MD".into(),
                npi: "1234567893".into(),
                email: "jose@kids.example".into(),
                phone: "555 010 0100".into(),
                sponsor: "yes".into(),
                ..Answers::default()
            },
            created_at: Timestamp::from_millis(0),
            sent_at: None,
            decided_at: None,
            decided_by: None,
            reason: None,
        }
    }

    /// Whether the text is on a page: as it is, or in hexadecimal, as what is not ASCII is written (ISO 32000-1 7.3.4.3).
    fn shows(pdf: &[u8], text: &[u8]) -> bool {
        use std::fmt::Write as _;
        let hexadecimal = text.iter().fold(String::new(), |mut all, byte| {
            write!(all, "{byte:02X}").unwrap();
            all
        });
        [text, hexadecimal.as_bytes()]
            .into_iter()
            .any(|form| pdf.windows(form.len()).any(|window| window == form))
    }

    #[test]
    fn s12_s14_agreements_are_printed_filled_in_with_accents() {
        let head = Letterhead { name: "Oak Street Pediatrics".into(), ..Letterhead::default() };
        let settings =
            RegistrationSettings { fax: Some("555 010 0999".into()), ..RegistrationSettings::default() };
        for (paper, title) in [
            (Paper::Certification, &b"Certification and Agreement"[..]),
            (Paper::Sponsorship, b"Sponsorship Agreement"),
            (Paper::FaxCover, b"555 010 0999"),
        ] {
            let pdf =
                print(paper, &registration(), &head, &settings, "Harbor Children\u{2019}s", "24 Nov 2026");
            assert!(pdf.starts_with(b"%PDF-"));
            let checked = super::super::files::check(&pdf, 1 << 20).unwrap();
            assert_eq!(checked.media_type.name(), "application/pdf", "it could be uploaded again");
            for text in [title, b"AB23CD45", b"Oak Street Pediatrics", &win_ansi("José Ñandú, MD")] {
                assert!(shows(&pdf, text), "{paper:?} {}", String::from_utf8_lossy(text));
            }
        }
    }

    #[test]
    fn s12_the_hospitals_own_text_takes_the_place_of_ours() {
        let settings = RegistrationSettings {
            certification: Some("Our words at {hospital}.".into()),
            ..RegistrationSettings::default()
        };
        let pdf = print(
            Paper::Certification,
            &registration(),
            &Letterhead::default(),
            &settings,
            "Harbor",
            "today",
        );
        assert!(shows(&pdf, b"Our words at Harbor.") && !shows(&pdf, b"I certify"));
    }

    #[test]
    fn s12_a_long_text_takes_more_than_one_page_and_long_words_are_broken() {
        let long = "word ".repeat(3000);
        let settings = RegistrationSettings { certification: Some(long), ..RegistrationSettings::default() };
        let pdf = print(
            Paper::Certification,
            &registration(),
            &Letterhead::default(),
            &settings,
            "Harbor",
            "today",
        );
        assert!(pdf.windows(12).filter(|window| window == b"/Type /Page\n").count() > 1);
        assert!(
            broken(&"x".repeat(300), 10.0)
                .iter()
                .all(|line| width(line) * 10.0 / 1000.0 <= WIDTH - 2.0 * MARGIN)
        );
        assert_eq!(win_ansi("Šćł€語"), [0x8a, b'c', b'l', 0x80, b'?']);
    }
}
