//! A private certificate authority for tests.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use crate::process::succeeds;

/// Writes `ca.crt`, `<name>.crt` and `<name>.key` for a server with this address into the folder.
pub(crate) fn certificate_of_authority(dir: &Path, name: &str, address: IpAddr) {
    let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(dir, &format!("req -x509 {new_key} -days 2 -subj /CN=ours -keyout ca.key -out ca.crt"));
    openssl(dir, &format!("req {new_key} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
    let names = format!("subjectAltName=IP:{address}\nbasicConstraints=CA:FALSE\n");
    std::fs::write(dir.join("names"), names).expect("it is written");
    openssl(
        dir,
        &format!(
            "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {name}.crt"
        ),
    );
}

fn openssl(dir: &Path, arguments: &str) {
    let mut openssl = Command::new("openssl");
    openssl.args(arguments.split_whitespace()).current_dir(dir);
    succeeds(&format!("openssl {arguments}"), &mut openssl);
}
