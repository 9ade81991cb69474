//! The ranks of locks: the order in which they are taken.

/// The rank of a lock: locks are taken in this order. A thread never holds two of one rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A handler of the screen, held while it runs: the scene, Ctrl-C, Ctrl-Z. It may use the kernel.
    ScreenHandler,
    /// The session of one client of a server, held while it is started, handed a line, or ended.
    ClientSession,
    /// The adapter of a client's debugger, held while it answers.
    ClientDebugger,
    /// The calls that run for one client of a server.
    ClientCalls,
    /// A plugin of the stock SDK while it is measured: the only lock that is held while guest code runs.
    StockPlugin,
    /// The lease of an instance on a node, held while its guest waits for more memory from its home.
    NodeLease,
    /// The jobs by their ids.
    Jobs,
    /// The waits of chains.
    Waits,
    /// The process table.
    Table,
    /// The chains by their ids.
    Chains,
    /// The chain of one job.
    JobChain,
    /// A process's slot.
    Slot,
    /// The resident memory of one process.
    Resident,
    /// The calls of one chain.
    Frames,
    /// The started calls of one chain.
    StartedCalls,
    /// State of one started call.
    StartedCall,
    /// The calls that wait for a thread, and the jobs that are given to one.
    Pool,
    /// The work of a node that waits for a thread.
    NodeWorkers,
    /// End of one job.
    JobEnd,
    /// The rules that are set on calls.
    Rules,
    /// The code of one breakpoint's place.
    BreakCode,
    /// The filter of requests to the host.
    HostTrace,
    /// The counters of one fault.
    Fault,
    /// The seed of faults.
    Seed,
    /// The loaded policy.
    Policy,
    /// The cached answers of a policy, or of one process's own grants.
    Allowed,
    /// The processes that are watched for changed files.
    Watches,
    /// The deadlines of the clock.
    Due,
    /// The chain that Ctrl-C ends.
    Foreground,
    /// The stacks of failed calls.
    Stacks,
    /// The profile that is being taken.
    Profile,
    /// The runner of stub commands.
    StubRunner,
    /// The chains whose stubs' commands run.
    Answered,
    /// The log of spawns.
    Spawns,
    /// The owners of jobs, with their notices.
    Notices,
    /// Starts and ends of processes.
    LifeLog,
    /// The log of plugins.
    Logbook,
    /// The times of a bench.
    BenchTimes,
    /// The settings for payloads in the journal.
    PayloadSettings,
    /// The waits for new records.
    Doorbell,
    /// The lanes into the journal.
    Lanes,
    /// The emptying of one lane.
    LaneBuffer,
    /// The records.
    Store,
    /// The nodes that have a program, and the one that is chosen for its next instance.
    RemoteImage,
    /// The nodes that a home knows.
    KnownNodes,
    /// Instances that a home has nodes drop, once it has a connection.
    HomeDrops,
    /// The homes that a node knows.
    NodeHomes,
    /// Whether another node has the name.
    Namesake,
    /// The instances of a node.
    NodeInstances,
    /// The guest of one instance of a node.
    NodeGuest,
    /// The modules and programs of a node.
    NodePrograms,
    /// Names of processes that one guest of a node has called.
    NodeNames,
    /// The thread of a node that waits at the connection.
    NodeReader,
    /// The conversations of a home or of a node.
    Conversations,
    /// The deadline of one conversation's guest.
    NodeDeadline,
    /// Arrived messages of one conversation.
    Mailbox,
    /// The chunks of one conversation that are on their way.
    Window,
    /// The time at which a server last gave memory back.
    ServerTrim,
    /// The clients of a server.
    Clients,
    /// The id of the line that runs for one client.
    ClientRun,
    /// The lists of calls that one client follows.
    ClientFollows,
    /// The names of the variables of one client's session.
    ClientVariables,
    /// Requests to one client that it has not answered.
    ClientAsks,
    /// Lines on their way to one client.
    Outbox,
    /// A client's requests that its server has not answered.
    ServerRequests,
    /// A client's stream to its server.
    ServerStream,
    /// Names that records have: interned under any other lock.
    Symbols,
    /// A report of the mouse that is being read.
    MouseReport,
    /// The state of the screen: what holds it waits for the terminal alone.
    Screen,
    /// The wish for a frame of the pane.
    PainterSignal,
}
