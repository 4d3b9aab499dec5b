//! A cable between a program and a daemon: TCP through a port of its own that can be pulled out, held
//! still, or slowed down, and that knows what has passed.
//!
//! Not responsible for: TLS and HTTP, of which it sees the bytes only.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{Daemon, wait};

/// What the cable does with bytes that come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flow {
    /// They go on.
    Free,
    /// They go on after a while.
    Slow(Duration),
    /// Those of the daemon wait until the flow is another one; those of the program go on.
    NoAnswers,
    /// All wait. New connections are taken, and nothing is heard on them.
    Still,
}

#[derive(Clone, Copy)]
struct State {
    flow: Flow,
    daemon: SocketAddr,
    /// Connections of an earlier one are cut.
    cuts: usize,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    /// Pieces of the daemon that had to wait.
    held: AtomicUsize,
}

/// A cable. Dropping it cuts it.
pub struct Cable {
    address: SocketAddr,
    /// Keeps the port while nobody listens on it.
    _reserved: TcpSocket,
    state: watch::Sender<State>,
    counts: Arc<Counts>,
    plugged: Option<JoinHandle<()>>,
}

impl Cable {
    /// To a daemon, plugged in.
    pub fn to(daemon: &Daemon) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let reserved = socket(any);
        let address = reserved.local_addr().expect("it is bound");
        let state = State { flow: Flow::Free, daemon: daemon.api(), cuts: 0 };
        let mut cable = Self {
            address,
            _reserved: reserved,
            state: watch::Sender::new(state),
            counts: Arc::default(),
            plugged: None,
        };
        cable.plug_in();
        cable
    }

    /// Where the program finds the daemon, as an element of `servers`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Several of them, as the TOML value of `servers`.
    pub fn servers(cables: &[&Self]) -> String {
        format!("{:?}", cables.iter().map(|cable| cable.url()).collect::<Vec<_>>())
    }

    /// Changes what becomes of bytes, also of those that wait.
    pub fn flow(&self, flow: Flow) {
        self.state.send_modify(|state| state.flow = flow);
    }

    /// Cuts all connections, which the program sees as a reset; new ones are taken.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Leads to another daemon from now on.
    pub fn lead_to(&self, daemon: &Daemon) {
        self.lead_to_address(daemon.api());
    }

    /// Leads somewhere else from now on.
    pub fn lead_to_address(&self, address: SocketAddr) {
        self.state.send_modify(|state| state.daemon = address);
    }

    /// Pulls it out: nobody listens, and all connections are cut.
    pub async fn pull(&mut self) {
        if let Some(listening) = self.plugged.take() {
            listening.abort();
            let _ = listening.await; // then its port is closed
        }
        self.cut();
    }

    /// Puts it back.
    pub fn plug_in(&mut self) {
        let listener = socket(self.address).listen(1_024).expect("the port is ours");
        let (state, counts) = (self.state.subscribe(), Arc::clone(&self.counts));
        self.plugged = Some(tokio::spawn(accept(listener, state, counts)));
    }

    /// How many connections were taken.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Waits until bytes of the daemon wait in the cable: it has given an answer that nobody hears.
    pub async fn answer_held(&self) {
        wait::until("an answer in the cable", || async {
            (self.counts.held.load(Ordering::SeqCst) > 0).then_some(())
        })
        .await;
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        if let Some(listening) = self.plugged.take() {
            listening.abort();
        }
        self.cut();
    }
}

/// Several may have the port, of which only one listens.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("the system has a socket");
    socket.set_reuseport(true).expect("Linux has SO_REUSEPORT");
    socket.bind(address).expect("the port is free or ours");
    socket
}

async fn accept(listener: TcpListener, state: watch::Receiver<State>, counts: Arc<Counts>) {
    while let Ok((program, _)) = listener.accept().await {
        counts.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(connect(program, state.clone(), Arc::clone(&counts)));
    }
}

/// One connection, until either side ends it or it is cut. A cut is a reset to the program: whatever it
/// writes then fails at once.
async fn connect(mut program: TcpStream, mut state: watch::Receiver<State>, counts: Arc<Counts>) {
    let cuts = state.borrow_and_update().cuts;
    let is_cut = {
        let carried = carry(&mut program, state.clone(), &counts);
        tokio::select! {
            () = carried => false,
            _ = state.wait_for(|now| now.cuts != cuts) => true,
        }
    };
    if is_cut {
        let _ = program.set_zero_linger(); // otherwise the program hears of an orderly end
    }
}

async fn carry(program: &mut TcpStream, mut state: watch::Receiver<State>, counts: &Counts) {
    let Ok(free) = state.wait_for(|now| now.flow != Flow::Still).await.map(|now| *now) else {
        return;
    };
    let Ok(mut daemon) = TcpStream::connect(free.daemon).await else { return };
    if program.set_nodelay(true).and(daemon.set_nodelay(true)).is_err() {
        return;
    }
    let (from_program, to_program) = program.split();
    let (from_daemon, to_daemon) = daemon.split();
    let requests = pump(from_program, to_daemon, state.clone(), |flow| flow == Flow::Still, None);
    let stops = |flow| matches!(flow, Flow::Still | Flow::NoAnswers);
    let answers = pump(from_daemon, to_program, state, stops, Some(&counts.held));
    tokio::join!(requests, answers);
}

/// One direction, to its end, which is passed on.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    stops: impl Fn(Flow) -> bool,
    held: Option<&AtomicUsize>,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        let flow = state.borrow_and_update().flow;
        if stops(flow)
            && let Some(held) = held
        {
            held.fetch_add(1, Ordering::SeqCst);
        }
        if let Flow::Slow(by) = flow {
            tokio::time::sleep(by).await;
        }
        let goes_on = state.wait_for(|now| !stops(now.flow)).await.is_ok();
        let piece = bytes.get(..length).unwrap_or_default();
        if !goes_on || to.write_all(piece).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
