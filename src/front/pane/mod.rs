//! The live pane: the process tree and the calls.
//!
//! ```text
//! source     kernel -> snapshot            snapshot   one moment, and the trait of sources
//! state      view, selection, layers       keys       key -> action, key hints
//! action     the actions of keys           apply, navigate, pointer  state, action -> state
//! tree       rows of the process tree      rates      calls and bytes a second
//! activity   calls a second and busy share of a process
//! preview    payloads in a row             release    the held job of a key
//! layout     the parts' areas              *_view, status, detail, help: draw one part each
//! cells      writing to cells              printable  untrusted text -> printable text
//! narrowing  the calls of some processes   process_filter  expressions over processes
//! save       a frame as a picture          payload    bytes -> lines
//! fixed_clock  times of pictures that do not change
//! lines      lines that scroll             history    rates, deaths, held calls
//! theme      colours and glyphs            titles     title rows, positions in lists
//! ```
//!
//! `Pane` puts them together as the screen's scene. It holds no lock of the kernel while it draws, and it never writes
//! to the terminal: it fills a buffer.

mod action;
mod activity;
mod apply;
mod calls_view;
mod cells;
mod detail;
mod fixed_clock;
mod help;
mod history;
mod keys;
mod layout;
mod life;
mod lines;
mod log_view;
mod message;
mod narrowing;
mod navigate;
mod payload;
mod pointer;
mod preview;
mod printable;
mod process_filter;
mod rates;
mod release;
pub mod save;
pub mod snapshot;
mod source;
mod state;
mod status;
mod subject;
mod theme;
mod titles;
mod tree;
mod tree_view;
mod view;

#[cfg(test)]
mod detail_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod frame_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::front::screen::{Focus, Key, KeyResult, Redraw, Scene};
use crate::kernel::Kernel;
use crate::shell::front::{PictureClock, PictureSize};

use action::Action;
use detail::Detail;
use history::History;
use layout::{Parts, below_title, parts};
use message::Message;
use snapshot::{Snapshot, SnapshotQuery, SnapshotSource, Toggled};
use state::{Clock, Effect, Feed, Layer, Position, Selection, Subject, UiState, View, ViewData};
use titles::Surroundings;
use tree::TreeEntry;

pub use source::KernelSource;

/// Interval at which open details are refreshed.
const DETAIL_PERIOD: Duration = Duration::from_millis(500);

/// The pane's scene.
pub struct Pane {
    source: Box<dyn SnapshotSource>,
    state: UiState,
    snapshot: Snapshot,
    history: History,
    rows: Vec<TreeEntry>,
    calls: history::HeldCalls,
    log: log_view::LogList,
    detail: Option<(Instant, Detail)>,
    /// The rows of a page of each view, as last drawn.
    tree_page: usize,
    calls_page: usize,
    detail_page: usize,
    help_page: usize,
    /// The view without room, as last drawn.
    hidden: Option<View>,
    /// The query that the rows and calls were made for.
    sampled_query: Option<SnapshotQuery>,
    drawn: Option<(Rect, Focus)>,
    changed: bool,
    /// The clock of the figures.
    times: PictureClock,
}

/// A frame for a picture, where no pane is shown. Rates are averages since the session began.
pub fn frame_of(kernel: &Arc<Kernel>, size: PictureSize, clock: PictureClock) -> Buffer {
    let area = Rect::new(0, 0, size.cols(), size.rows());
    let mut pane = Pane::new(Box::new(KernelSource::new(Arc::clone(kernel))));
    pane.history = History::since_start();
    pane.times = clock;
    pane.frame(area, Focus::Prompt, Redraw::Fresh).unwrap_or_else(|| Buffer::empty(area))
}

impl Pane {
    /// A pane of the snapshots of `source`.
    pub fn new(source: Box<dyn SnapshotSource>) -> Pane {
        Pane {
            source,
            state: UiState::default(),
            snapshot: Snapshot::default(),
            history: History::default(),
            rows: Vec::new(),
            calls: history::HeldCalls::default(),
            log: log_view::LogList::default(),
            detail: None,
            tree_page: 0,
            calls_page: 0,
            detail_page: 0,
            help_page: 0,
            hidden: None,
            sampled_query: None,
            drawn: None,
            changed: true,
            times: PictureClock::Real,
        }
    }

    /// Takes a new snapshot, unless the pane is paused.
    fn refresh(&mut self) {
        let query = self.state.query();
        let query_changed = self.sampled_query.as_ref() != Some(&query);
        if query_changed {
            self.log.follow();
        }
        let sampled = match self.state.clock {
            Clock::Live => self.source.sample(&query, self.calls_page),
            Clock::Paused => None,
        };
        match sampled {
            Some(mut snapshot) => {
                if self.times == PictureClock::Fixed {
                    fixed_clock::apply(&mut snapshot);
                }
                if let Some(narrowed) = &mut self.state.narrowed {
                    narrowed.to.note(&snapshot.processes);
                }
                self.snapshot = self.history.take(snapshot);
                self.changed = true;
            }
            None if query_changed && self.state.clock == Clock::Paused => {
                let seq_max = self.history.newest_seq();
                self.snapshot.calls = self.source.calls_until(&query, seq_max, self.calls_page);
                self.changed = true;
            }
            None => {}
        }
        if self.state.clock == Clock::Live && self.history.advance_time(&mut self.snapshot) {
            self.changed = true;
        }
        if self.changed || query_changed {
            self.rows = tree::rows(&self.snapshot, &query, &self.state.tree);
            self.changed = true;
        }
        self.sampled_query = Some(query);
    }

    fn refresh_detail(&mut self) {
        let Layer::Detail { subject, .. } = self.state.layer else {
            self.detail = None;
            return;
        };
        let fresh = |(at, detail): &(Instant, Detail)| {
            detail.subject == subject && (at.elapsed() < DETAIL_PERIOD || self.state.clock == Clock::Paused)
        };
        if self.detail.as_ref().is_some_and(fresh) {
            return;
        }
        let detail = match subject {
            Subject::Process(id) => {
                let detail = Detail::process(id, self.source.process(id).as_ref(), &self.source.edges(id));
                match self.source.held_place(subject) {
                    Some(place) => detail.with_held_place(&place),
                    None => detail.with_stack(self.source.stack_of_process(id).as_ref()),
                }
            }
            Subject::Call(seq) => {
                let detail = Detail::call(seq, self.source.call(seq).as_ref(), self.snapshot.at);
                let detail = detail.with_log(&self.source.log_of_call(seq, detail::LOG_LINES_MAX));
                match self.source.held_place(subject) {
                    Some(place) => detail.with_held_place(&place),
                    None => detail.with_stack(self.source.stack_of_call(seq).as_ref()),
                }
            }
        };
        self.detail = Some((Instant::now(), detail));
        self.changed = true;
    }

    /// Adjusts the selection to the rows there are. Details follow a cursor that a key has moved from `moved_from`.
    fn clamp(&mut self, moved_from: Option<Selection>) {
        self.with_data(|state, data| {
            state.clamp(data);
            if moved_from.is_some_and(|before| state.cursor() != before) {
                state.follow_cursor(data);
            }
        });
    }

    /// The state with the data that is shown.
    fn with_data<T>(&mut self, change: impl FnOnce(&mut UiState, &ViewData) -> T) -> T {
        let data = ViewData {
            snapshot: &self.snapshot,
            rows: &self.rows,
            calls: self.calls.list(self.state.position, &self.snapshot),
            tree_page: self.tree_page,
            calls_page: self.calls_page,
            detail_page: self.detail_page,
            help_page: self.help_page,
            hidden: self.hidden,
        };
        change(&mut self.state, &data)
    }

    /// Carries out an action.
    fn act(&mut self, action: Action) -> KeyResult {
        let before = self.state.cursor();
        let effect = self.with_data(|state, data| state.apply(action, data));
        let result = self.perform(effect);
        // Another key may come before the next frame.
        self.rows = tree::rows(&self.snapshot, &self.state.query(), &self.state.tree);
        self.clamp(Some(before));
        result
    }

    fn draw(&mut self, buffer: &mut Buffer, parts: &Parts, focus: Focus) {
        let surroundings = Surroundings { focus, hidden: parts.hidden, feed: self.state.feed };
        if let Some(area) = parts.tree {
            let processes = tree_view::Processes { snapshot: &self.snapshot, rows: &self.rows, history: &self.history };
            tree_view::draw(buffer, area, &processes, &self.state, surroundings);
        }
        if let Some(area) = parts.calls.filter(|_| self.state.feed == Feed::Log) {
            log_view::draw(buffer, area, &self.log, &self.snapshot, &self.state, surroundings);
        } else if let Some(area) = parts.calls {
            let calls = calls_view::Calls {
                list: self.calls.list(self.state.position, &self.snapshot),
                events: &self.snapshot.events,
                newer: self.calls.newer(&self.snapshot),
                older: self.calls.older,
                total: self.state.query().is_all_calls().then_some(self.snapshot.totals.calls),
                calls_per_second: self.history.rates.now().0,
                now_ns: u64::try_from(self.snapshot.at.as_nanos()).unwrap_or(u64::MAX),
            };
            calls_view::draw(buffer, area, &calls, &self.state, surroundings);
        }
        match (&mut self.state.layer, &self.detail) {
            (Layer::Detail { scroll, .. }, Some((_, detail))) => *scroll = detail.draw(buffer, parts.detail, *scroll),
            (Layer::Help { scroll }, _) => *scroll = help::draw(buffer, parts.help, *scroll),
            _ => {}
        }
        if let Some(area) = parts.divider {
            cells::divide(buffer, area);
        }
        status::draw(buffer, parts.status, &self.snapshot, &self.history.rates, &self.state, focus);
    }

    fn perform(&mut self, effect: Effect) -> KeyResult {
        match effect {
            Effect::None => {}
            Effect::Back => return KeyResult::Back,
            Effect::Leave => return KeyResult::Leave,
            Effect::ToggleFull => return KeyResult::ToggleFull,
            Effect::HoldCalls => {
                self.calls.hold(&*self.source, &self.state.query(), &self.snapshot);
                // The calls in sight stay in their rows.
                let held = self.calls.list(self.state.position, &self.snapshot);
                self.state.calls_top = held.len().saturating_sub(self.calls_page);
            }
            Effect::FirstCall => {
                self.calls.hold(&*self.source, &self.state.query(), &self.snapshot);
                self.state.position = self.calls.after(0).map_or(Position::Newest, Position::At);
            }
            Effect::ScrollLog(action) => {
                let (source, query) = (&self.source, self.state.query());
                self.log.scroll(action, self.calls_page, || source.log(&query, log_view::HELD_LINES_MAX));
            }
            Effect::OlderCalls => {
                if let Some(seq) = self.calls.fetch_older(&*self.source, &self.state.query()) {
                    self.state.position = Position::At(seq);
                }
            }
            Effect::NewerCalls => {
                self.calls.hold(&*self.source, &self.state.query(), &self.snapshot);
                if let Position::At(seq) = self.state.position
                    && let Some(next) = self.calls.after(seq)
                {
                    self.state.position = Position::At(next);
                }
            }
            Effect::Kill { id, extent } => {
                let killed = self.source.kill(id, extent);
                self.state.message = Some(killed.map_or_else(Message::Failed, Message::Killed));
            }
            Effect::Hold(subject) => self.hold(subject),
            Effect::Release { job, step } => {
                let released = self.source.release(job, step).map(|()| Message::Released { job, step });
                self.state.message = Some(released.unwrap_or_else(Message::Failed));
            }
        }
        KeyResult::Stay
    }
}

impl Pane {
    /// Holds the job of a process or call and shows where it stands, or lets it go on.
    fn hold(&mut self, subject: Subject) {
        let toggled = self.source.toggle_hold(subject);
        if matches!(toggled, Ok(Toggled::Held(_))) && !matches!(self.state.layer, Layer::Detail { .. }) {
            self.state.layer = Layer::Detail { subject, scroll: 0 };
        }
        // The details have another stack now.
        self.detail = None;
        self.state.message = Some(toggled.map_or_else(Message::Failed, Message::Toggled));
    }
}

impl Scene for Pane {
    fn frame(&mut self, area: Rect, focus: Focus, wanted: Redraw) -> Option<Buffer> {
        let parts = parts(area, self.state.view, self.state.zoom);
        let page = |part: Option<Rect>| usize::from(part.map_or(1, |part| below_title(part).height));
        self.hidden = parts.hidden;
        // A hidden view has the page that it will have when Tab shows it.
        self.tree_page = page(parts.tree.or(parts.calls));
        self.calls_page = page(parts.calls.or(parts.tree));
        self.detail_page = page(Some(parts.detail));
        self.help_page = page(Some(parts.help));
        if wanted == Redraw::Fresh {
            self.source.force_next_sample();
        }
        self.refresh();
        self.refresh_detail();
        if !self.changed && wanted == Redraw::IfChanged && self.drawn == Some((area, focus)) {
            return None;
        }
        // A row that has gone moves the cursor and not the details.
        self.clamp(None);
        let mut buffer = Buffer::empty(area);
        self.draw(&mut buffer, &parts, focus);
        // A saved picture leaves the terminal's frame outdated.
        self.changed = wanted == Redraw::Fresh;
        self.drawn = Some((area, focus));
        Some(buffer)
    }

    fn key(&mut self, key: Key) -> KeyResult {
        self.changed = true;
        match (key, keys::action(key, &self.state.layer)) {
            (Key::Mouse(mouse), _) => self.mouse(mouse),
            (_, Some(action)) => self.act(action),
            (_, None) => KeyResult::Stay,
        }
    }
}
