//! WARC: what a crawler was sent, a record a page (ISO 28500), such as the files of CC-NEWS.
//!
//! *Design.* A `.warc.gz` is a row of gzip members, a record each, so that a reader can find its way
//! from any of them: a member that is cut or damaged costs its own record, and reading goes on with the
//! next. So this format is given the file as it lies and decompresses it itself. Records are read one
//! after another; of each only one that holds a page is kept in memory.
//!
//! *Consequences.* A damaged member is found again by the three bytes a member starts with, which
//! compressed data may hold by chance; what starts there is then no record and is passed over.

mod http;
mod record;
mod window;

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use self::record::{Header, Part};
use self::window::Window;
use super::html::starts_like_html;
use super::{Flaw, Format, Page, RawItem, Sink};
use crate::fields::Field;
use crate::open::{Bounded, GZIP, Input, grows_too_large, stream_reason};
use crate::settings::ReadSettings;

pub(super) struct Warc;

impl Format for Warc {
    fn name(&self) -> &'static str {
        "warc"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["warc"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        head.starts_with(b"WARC/")
    }

    fn gunzips(&self) -> bool {
        true
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut reader = Reader { settings, sink, number: 0, damaged: false, within_record: false, in_vain: 0 };
        let mut file = Window::of(input);
        match file.fill_buf() {
            Ok(head) if head.starts_with(GZIP) => reader.members(&mut file),
            Ok(_) => match reader.records(&mut file, None)? {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => reader.tell(file.offset(), stream_reason(&error)),
            },
            Err(error) => reader.tell(0, stream_reason(&error)),
        }
    }
}

struct Reader<'a, 's> {
    settings: &'a ReadSettings,
    sink: &'a mut Sink<'s>,
    /// Records so far, those that are none among them.
    number: u64,
    /// The last thing met was no record, which has been told.
    damaged: bool,
    /// The stream failed within the record of this number.
    within_record: bool,
    /// Bytes of records and members that were read in search of their end and are read again.
    in_vain: u64,
}

/// Bytes of damaged members and records that are read again from behind their start, besides as many as the
/// file has: what stands there again and again would else be a start each time, with all of the rest behind it.
const MOST_READ_IN_VAIN: u64 = 64 << 20;

impl Reader<'_, '_> {
    /// Rejects the record that starts at `offset`.
    fn tell(&mut self, offset: u64, reason: impl std::fmt::Display) -> ControlFlow<()> {
        (self.sink)(Err(Flaw::new(self.number.max(1), format!("record at byte {offset}: {reason}"))))
    }

    /// Tells of bytes that are no record, once for as many of them as follow each other.
    fn tell_damage(&mut self, offset: u64, reason: impl std::fmt::Display) -> ControlFlow<()> {
        if std::mem::replace(&mut self.damaged, true) {
            return ControlFlow::Continue(());
        }
        if !std::mem::take(&mut self.within_record) {
            self.number += 1;
        }
        self.tell(offset, reason)
    }

    /// Reads the members of a gzip file one by one, so that a damaged one does not spoil the others.
    fn members(&mut self, file: &mut Window<impl Read>) -> ControlFlow<()> {
        let bytes = Rc::default();
        loop {
            match file.seek_behind(&[GZIP[0], GZIP[1], 8], 0) {
                Ok(true) => (),
                Ok(false) => return ControlFlow::Continue(()),
                Err(error) => return self.tell(file.offset(), stream_reason(&error)),
            }
            let offset = file.offset();
            file.mark();
            let taken = file.taken();
            let member = flate2::bufread::GzDecoder::new(&mut *file);
            let member = Bounded::new(member, taken, Rc::clone(&bytes), &self.settings.limits);
            if let Err(error) = self.records(&mut Window::of(member), Some(offset))? {
                self.tell_damage(offset, stream_reason(&error))?;
                if grows_too_large(&error) {
                    return ControlFlow::Continue(());
                }
                self.in_vain += file.offset() - offset;
                if self.in_vain > MOST_READ_IN_VAIN + file.offset() {
                    return self.tell(offset, "is one of too many damaged members; the rest is not read");
                }
                // A member that is cut runs on into the next, which is looked for from here again.
                file.rewind_behind_mark();
            }
        }
    }

    /// Reads records that follow each other in a stream, or in the gzip member at `member`. Where one is
    /// no record, the next line that starts one is looked for. The inner result is that of the stream.
    fn records(&mut self, stream: &mut Window<impl Read>, member: Option<u64>) -> ControlFlow<(), io::Result<()>> {
        loop {
            let offset = member.unwrap_or(stream.offset());
            let outcome = match record::next(stream) {
                Ok(Part::End) => return ControlFlow::Continue(Ok(())),
                Ok(Part::Record(header)) => {
                    self.number += 1;
                    self.damaged = false;
                    let outcome = self.record(stream, &header, offset)?;
                    self.within_record = outcome.is_err();
                    outcome
                }
                Ok(Part::NoRecord(reason)) => {
                    self.tell_damage(offset, reason)?;
                    stream.seek_behind(b"\nWARC/", 1).map(drop)
                }
                Err(error) => Err(error),
            };
            if outcome.is_err() {
                return ControlFlow::Continue(outcome);
            }
        }
    }

    /// Reads the block of a record and hands its page to the sink. The inner result is that of the
    /// stream.
    fn record(
        &mut self,
        stream: &mut Window<impl Read>,
        header: &Header,
        offset: u64,
    ) -> ControlFlow<(), io::Result<()>> {
        let limit = self.settings.limits.file_bytes;
        stream.mark();
        if !header.may_hold_a_page() || header.length > limit {
            let whole = record::skip(stream, header.length);
            if matches!(whole, Ok(false)) {
                return self.seek_within(stream, offset);
            }
            if header.may_hold_a_page() {
                self.tell(offset, format_args!("is larger than {limit} bytes (see --max-file-bytes)"))?;
            }
            return ControlFlow::Continue(whole.map(drop));
        }
        let mut block = Vec::new();
        let outcome = stream.take(header.length).read_to_end(&mut block).map(drop);
        let cut = outcome.is_ok() && (block.len() as u64) < header.length;
        if cut && memchr::memmem::find(&block, b"\nWARC/").is_some() {
            return self.seek_within(stream, offset);
        }
        if outcome.is_err() && block.is_empty() {
            return ControlFlow::Continue(outcome);
        }
        match self.page(header, block) {
            Ok(Some(item)) => (self.sink)(Ok(item))?,
            Ok(None) => (),
            Err(reason) => self.tell(offset, reason)?,
        }
        if cut {
            // What there is of a page is worth having; that the file is cut is worth telling.
            self.tell(offset, "ends in the middle; what there is of it is kept")?;
        }
        ControlFlow::Continue(outcome)
    }

    /// Goes back into a block that is said to be longer than the file, and on to the next record. The
    /// inner result is that of the stream.
    fn seek_within(&mut self, stream: &mut Window<impl Read>, offset: u64) -> ControlFlow<(), io::Result<()>> {
        self.tell(offset, "ends before its Content-Length")?;
        let end = stream.offset();
        if self.in_vain > MOST_READ_IN_VAIN + end || !stream.rewind() {
            return ControlFlow::Continue(Ok(()));
        }
        self.in_vain += end - stream.offset();
        // Without another record the stream is at its end, and so is reading.
        ControlFlow::Continue(stream.seek_behind(b"\nWARC/", 1).map(drop))
    }

    /// The page in the block of a record, if it is one.
    fn page(&self, header: &Header, block: Vec<u8>) -> Result<Option<RawItem>, String> {
        let page = if header.is_http() {
            match http::response(&block, self.settings.limits.file_bytes)? {
                Some(response)
                    if response.is_html() || (response.kind.is_none() && starts_like_html(&response.body)) =>
                {
                    Page { bytes: response.body, charset: response.charset }
                }
                _ => return Ok(None),
            }
        } else {
            Page { bytes: block, charset: None }
        };
        let mut item = RawItem { line: Some(self.number), page: Some(page), ..RawItem::default() };
        if let Some(target) = &header.target {
            // What the page says of its address comes first; the id is where it was fetched.
            item.record.set(Field::Url, 1, target.clone());
            item.record.set(Field::Id, 0, target.clone());
            item.shared_id = true;
        }
        Ok(Some(item))
    }
}
