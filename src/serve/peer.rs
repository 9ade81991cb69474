//! The user at the other end of a socket.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use crate::ownership::user;

/// Whether the process at the other end is the user's own.
///
/// # Errors
/// The system does not tell.
pub fn is_own(stream: &UnixStream) -> io::Result<bool> {
    Ok(is_admitted(user_of(stream)?, user()))
}

/// Whether a process of the user `peer` may come in where `own` serves: nobody else, root neither.
fn is_admitted(peer: u32, own: u32) -> bool {
    peer == own
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn user_of(stream: &UnixStream) -> io::Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut bytes = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open while `stream` is borrowed, and at most `bytes` bytes of `peer` are written.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast::<libc::c_void>(),
            &raw mut bytes,
        )
    };
    if result == 0 { Ok(peer.uid) } else { Err(io::Error::last_os_error()) }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn user_of(stream: &UnixStream) -> io::Result<u32> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the descriptor is open while `stream` is borrowed, and both ids are written in place.
    let result = unsafe { libc::getpeereid(stream.as_raw_fd(), &raw mut uid, &raw mut gid) };
    if result == 0 { Ok(uid) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_user_is_refused() {
        assert!(is_admitted(1000, 1000) && is_admitted(0, 0));
        for (peer, own) in [(1001, 1000), (0, 1000), (1000, 0), (65_534, 1000)] {
            assert!(!is_admitted(peer, own), "{peer} at {own}");
        }
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(user_of(&one).unwrap(), user(), "the system names the user, and not a process");
    }

    #[test]
    fn the_other_end_of_a_pair_is_ones_own() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(is_own(&one).unwrap());
    }
}
