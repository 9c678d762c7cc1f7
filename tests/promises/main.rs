//! What the server promises, kept to from outside: the real binary, real sockets, one file a promise.
//!
//! One binary for all of them, since each test binary links the whole server. Every test starts a
//! server of its own on a free port of this machine, with a catalog of its own.

mod archive_stage;
mod desk_stage;
mod eventually;
mod host;
mod log_stage;
mod member;
mod model;
mod postgres;
mod provider;
mod redis;
mod second_layer;
mod server;
mod shop;
mod visitor;

mod accounts_contract;
mod administering;
mod agents;
mod answers;
mod archive_contract;
mod archiving;
mod catalog_command;
mod catalog_files;
mod counting;
mod crowding;
mod desk_contract;
mod desk_stories;
mod failing_actors;
mod failing_sessions;
mod giving_up;
mod handing_over;
mod hanging;
mod identity;
mod identity_openid;
mod identity_visitors;
mod leaving_a_message;
mod limits;
mod load;
mod log_contract;
mod log_in_redis;
mod log_model;
mod log_speed;
mod manuals;
mod manuals_kept;
mod many_pods;
mod pages;
mod part_one;
mod part_two;
mod pods;
mod pods_resume;
mod pods_together;
mod reading_apart;
mod redis_forms;
mod redis_gone;
mod relay_contract;
mod reload;
mod resuming;
mod routes;
mod starting;
mod stopping;
mod taking_the_transcript;
mod uploads;
mod wire_page;
