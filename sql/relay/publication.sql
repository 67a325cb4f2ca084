create publication chinwag_message for table public.message, public.relay_beat with (publish = 'insert');
