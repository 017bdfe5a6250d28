-- What closing writes, into tables that are new: the closings, and the meters as they are then.
create table peer.usage_meters (like perennial.usage_meters including all) with (fillfactor = 60);
create table peer.usage_closings (like perennial.usage_closings including all);
